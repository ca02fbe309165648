// SPDX-License-Identifier: Apache-2.0
// Small files that ask for much: refused, or done within the limits, and the next picture is done
// in time.
#include <doctest/doctest.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include <opencv2/core.hpp>

#include "faults/bombs.h"
#include "faults/catalog_support.h"
#include "faults/worker_support.h"

using namespace imgdedup::testing;
using std::chrono::steady_clock;

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

namespace {

constexpr std::uint64_t most_bytes = std::uint64_t{1200} << 20;
constexpr double most_seconds = 25;

/// `bomb` alone, then a good picture behind it for the one worker there is. The reason why the bomb
/// was refused, "" if it was read.
std::string set_off(const char* id, const std::string& bomb) {
  // Processor time is what counts: a busy machine may take ten times as long.
  Service service("limits: {pixels: 200M, worker_memory: 1GiB, worker_time: 10m}\n");
  change_setting(service, "workers: 2", "workers: 1");
  service.start();
  write_file(service.root() / "first.jpg", photo(1));
  service.sync();
  const MemoryWatch memory(service.pid());
  const auto begin = steady_clock::now();
  write_file(service.root() / "bomb", bomb);
  const auto is_done = [&](const char* name) {
    const std::string state = state_of(service, name);
    return !state.empty() && state != "pending";
  };
  // Behind: once the bomb is in a worker's hands, or through.
  wait_until([&] { return service.call("status")["inflight"] > 0 || is_done("bomb"); },
             "the bomb to be taken up");
  write_file(service.root() / "good.jpg", photo(2));
  wait_until([&] { return is_done("bomb"); }, "the bomb to be done", std::chrono::minutes(10));
  const double bomb_seconds = seconds_since(begin);
  wait_until([&] { return is_done("good.jpg"); }, "the good picture", std::chrono::minutes(2));
  const double good_seconds = seconds_since(begin);
  const double processor = processor_seconds(service.pid());
  CHECK(state_of(service, "good.jpg") == "judged");
  const auto reasons = unreadable_reasons(service);
  const auto found = reasons.find("bomb");
  const std::string reason = found == reasons.end() ? "" : found->second;
  CHECK(processor < most_seconds);
  CHECK(memory.peak_bytes() < most_bytes);
  CHECK(service.stop() == 0);
  std::printf(
      "%s: %zu KiB, %s after %.1f s, the picture behind it after %.1f s, processor time of all "
      "processes %.1f s, their peak %.0f MiB\n",
      id, bomb.size() / 1024, reason.empty() ? "read" : reason.c_str(), bomb_seconds, good_seconds,
      processor, static_cast<double>(memory.peak_bytes()) / (1 << 20));
  return reason;
}

/// Writes a bomb; `number` bytes more make each a content of its own.
using WriteFile = std::function<void(const std::filesystem::path&, std::size_t number)>;

/// Several of `bombs` at once with the limits that nobody has set, and good pictures among them.
/// The reasons why bombs were refused.
std::set<std::string> set_off_together(const char* id, unsigned workers,
                                       const std::vector<WriteFile>& bombs) {
  Service service("limits: {worker_time: 10m}\n");
  change_setting(service, "workers: 2", "workers: " + std::to_string(workers));
  service.start();
  for (unsigned i = 0; i < workers; ++i)
    write_file(service.root() / ("first" + std::to_string(i) + ".jpg"), photo(100 + i));
  service.sync();
  const MemoryWatch memory(service.pid());
  const auto begin = steady_clock::now();
  for (std::size_t i = 0; i < bombs.size(); ++i) {
    bombs[i](service.root() / ("bomb" + std::to_string(i)), i);
    write_file(service.root() / ("good" + std::to_string(i) + ".jpg"), photo(i));
  }
  const auto all_are = [&](const char* name, auto is_so) {
    for (std::size_t i = 0; i < bombs.size(); ++i)
      if (!is_so(state_of(service, name + std::to_string(i) +
                                       (std::string_view(name) == "good" ? ".jpg" : ""))))
        return false;
    return true;
  };
  const auto is_done = [](const std::string& state) {
    return !state.empty() && state != "pending";
  };
  wait_until([&] { return all_are("good", is_done) && all_are("bomb", is_done); },
             "all of them to be done", std::chrono::minutes(10));
  const double seconds = seconds_since(begin);
  const double processor = processor_seconds(service.pid());
  CHECK(all_are("good", [](const std::string& state) { return state == "judged"; }));
  CHECK(processor < most_seconds * static_cast<double>(bombs.size()));
  CHECK(memory.peak_bytes() < most_bytes);
  std::set<std::string> reasons;
  for (const auto& [name, reason] : unreadable_reasons(service)) reasons.insert(reason);
  CHECK(service.stop() == 0);
  std::printf(
      "%s: %zu with %u workers and the default limits, done after %.1f s, processor time of all "
      "processes %.1f s, their peak %.0f MiB\n",
      id, bombs.size(), workers, seconds, processor,
      static_cast<double>(memory.peak_bytes()) / (1 << 20));
  return reasons;
}

WriteFile of_bytes(std::string bytes) {
  return [bytes = std::move(bytes)](const std::filesystem::path& path, std::size_t number) {
    write_file(path, bytes + std::string(number, ' '));
  };
}

/// Of as many bytes as limits.file_bytes lets in, most of them a hole.
void write_large_ppm(const std::filesystem::path& path, std::size_t number) {
  constexpr PictureSize size{18'900, 18'900};
  const std::filesystem::path elsewhere = path.parent_path() / (path.filename().string() + ".tmp");
  const std::string header = ppm_header(size);
  write_file(elsewhere, header);
  std::filesystem::resize_file(
      elsewhere, header.size() + std::uintmax_t{3} * size.width * size.height + number);
  std::filesystem::rename(elsewhere, path);
}

std::string flat(const char* extension, int side, int type) {
  return encode_picture(cv::Mat(side, side, type, cv::Scalar::all(0)), extension);
}

}  // namespace

TEST_CASE("h2-bomb-size: headers that say more than the limit are believed at once") {
  CHECK(set_off("h2-bomb-size-png", png_that_says({30'000, 30'000})) == "over-limit");
  CHECK(set_off("h2-bomb-size-jpeg", flat_jpeg({30'000, 30'000})) == "over-limit");
  CHECK(set_off("h2-bomb-size-gif", gif_of_canvas({65'000, 65'000})) == "over-limit");
}

TEST_CASE("h2-bomb-png: a small PNG of as many pixels as the limit allows") {
  CHECK(set_off("h2-bomb-png", flat_png({14'000, 14'000}, 1, 8)) == "");
}

TEST_CASE("h2-bomb-png-rgb: a small PNG of as many bytes as a worker may have") {
  CHECK(set_off("h2-bomb-png-rgb", flat_png({14'000, 14'000}, 3, 8)) == "");
}

TEST_CASE("h2-bomb-png-wide: a small PNG of more bytes than a worker may have") {
  CHECK(set_off("h2-bomb-png-wide", flat_png({14'000, 14'000}, 4, 16)) == "");
}

TEST_CASE("h2-bomb-default-png: PNG files of as many pixels as the default limit allows") {
  constexpr PictureSize size{22'300, 22'300};
  CHECK(set_off_together(
            "h2-bomb-default-png", 2,
            {of_bytes(flat_png(size, 3, 8)), of_bytes(flat_png(size, 3, 8, PngRows::interlaced)),
             of_bytes(flat_png(size, 4, 16))})
            .empty());
}

TEST_CASE("h2-bomb-default-files: as large as the default limit allows, two and eight at once") {
  CHECK(set_off_together("h2-bomb-default-files-2", 2, {write_large_ppm, write_large_ppm}).empty());
  const WriteFile png = of_bytes(flat_png({22'300, 22'300}, 1, 8));
  CHECK(set_off_together("h2-bomb-default-files-8", 8,
                         {png, write_large_ppm, png, write_large_ppm, png, png, png, png})
            .empty());
}

TEST_CASE("h2-bomb-default-scans: progressive JPEG files, which are decoded in memory") {
  const WriteFile jpeg = of_bytes(jpeg_of_scans({16'000, 16'000}, 10));
  CHECK(set_off_together("h2-bomb-default-scans", 8, {jpeg, jpeg, jpeg, jpeg}).empty());
}

TEST_CASE("h2-bomb-tiff: a small TIFF of many pixels") {
  CHECK(set_off("h2-bomb-tiff", flat(".tiff", 14'000, CV_8UC1)) == "");
}

TEST_CASE("h2-bomb-jpeg: a small JPEG of many pixels") {
  CHECK(set_off("h2-bomb-jpeg", flat_jpeg({14'000, 14'000})) == "");
}

TEST_CASE("h2-bomb-scans: JPEG files that want all their pixels gone through again and again") {
  CHECK(set_off("h2-bomb-scans-20000", jpeg_of_scans({9'000, 9'000}, 20'000)) == "over-limit");
  CHECK(set_off("h2-bomb-scans-200", jpeg_of_scans({9'000, 9'000}, 200)) == "");
}

#endif
