// SPDX-License-Identifier: Apache-2.0
// Files that crash, hang or starve their worker: tried twice, then left alone, and nobody else
// waits.
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include <opencv2/imgcodecs.hpp>

#include "faults/catalog_support.h"
#include "faults/fault_support.h"
#include "faults/worker_support.h"
#include "support/drawn_pictures.h"

using namespace imgdedup::testing;
using std::chrono::steady_clock;

namespace {

void write_good_pictures(Service& service, int count) {
  for (int i = 0; i < count; ++i)
    write_file(service.root() / ("good" + std::to_string(i) + ".png"),
               encode_picture(draw_picture(static_cast<std::uint64_t>(i), {120, 90}), ".png"));
}

/// Waits until nothing is pending; the slowest `status` meanwhile in milliseconds.
double wait_until_done(Service& service, std::uint64_t images, std::uint64_t unreadable) {
  double slowest = 0;
  wait_until(
      [&] {
        slowest = std::max(slowest, status_milliseconds(service));
        const auto status = service.call("status");
        return status["images"] == images && status["unreadable"] == unreadable &&
               status["pending"] == 0;
      },
      "all files to be done", std::chrono::seconds(500));
  return slowest;
}

}  // namespace

TEST_CASE("h3-crash: files that crash their worker become poison once, and all others are done") {
  const int good = at_full_size() ? 1000 : 100, bad = at_full_size() ? 100 : 12;
  Service service("detect: {edited: {enabled: false}}\n");
  use_faulty_worker(service);
  write_good_pictures(service, good);
  constexpr const char* orders[] = {"crash", "abort", "forbidden"};
  for (int i = 0; i < bad; ++i)
    write_order(service, "bad" + std::to_string(i) + ".jpg", orders[i % 3]);
  const auto begin = steady_clock::now();
  service.start();
  const double slowest =
      wait_until_done(service, static_cast<std::uint64_t>(good), static_cast<std::uint64_t>(bad));
  const double seconds = seconds_since(begin);
  CHECK(service.call("status")["poison"] == bad);
  for (const auto& [name, reason] : unreadable_reasons(service)) CHECK(reason == "crashed");
  const auto messages = unreadable_messages(service);
  CHECK(messages.at("bad0.jpg").find("SIGSEGV") != std::string::npos);
  CHECK(messages.at("bad1.jpg").find("SIGABRT") != std::string::npos);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  CHECK(messages.at("bad2.jpg").find("SIGSYS") != std::string::npos);
#endif
  // Poison stays poison: neither a pass nor a restart tries it again, only the owner's `rescan`.
  const auto crashes = count_of(service.service_log(), ": crashed: ");
  CHECK(crashes == static_cast<std::size_t>(bad));
  service.sync();
  CHECK(service.stop() == 0);
  service.start();
  service.sync();
  CHECK(service.call("status")["poison"] == bad);
  CHECK(count_of(service.service_log(), ": crashed: ") == crashes);
  CHECK(service.stop() == 0);
  std::printf(
      "h3-crash: %d crashing among %d good ones: all done in %.1f s, slowest status %.0f ms\n", bad,
      good, seconds, slowest);
}

TEST_CASE(
    "h3-hang: files that hang their worker cost twice the time limit, and nobody else waits") {
  Service service("limits: {worker_time: 2s}\n");
  use_faulty_worker(service);
  service.start();
  const auto begin = steady_clock::now();
  for (int i = 0; i < 3; ++i) write_order(service, "hang" + std::to_string(i) + ".jpg", "hang");
  write_good_pictures(service, 40);
  const double slowest = wait_until_done(service, 40, 3);
  const double seconds = seconds_since(begin);
  CHECK(service.call("status")["poison"] == 3);
  for (const auto& [name, reason] : unreadable_reasons(service)) CHECK(reason == "timed-out");
  CHECK(service.stop() == 0);
  std::printf(
      "h3-hang: 3 hanging among 40 good ones, limit 2 s: all done in %.1f s, slowest status "
      "%.0f ms\n",
      seconds, slowest);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

TEST_CASE("h3-oom: a file that eats all memory its worker may have costs that worker only") {
  Service service("limits: {worker_memory: 400MiB, worker_time: 30s}\n");
  change_setting(service, "workers: 2", "workers: 1");
  use_faulty_worker(service);
  service.start();
  write_file(service.root() / "first.png", encode_picture(draw_picture(1), ".png"));
  service.sync();
  const MemoryWatch memory(service.pid());
  write_order(service, "eat.jpg", "eat-memory");
  // Real ones of 144 million pixels: one is read row by row, the other has to be held.
  const cv::Mat large(12'000, 12'000, CV_8UC3, cv::Scalar::all(7));
  write_file(service.root() / "rows.png", encode_picture(large, ".png"));
  std::vector<unsigned char> progressive;
  REQUIRE(cv::imencode(".jpg", large, progressive, {cv::IMWRITE_JPEG_PROGRESSIVE, 1}));
  write_file(service.root() / "held.jpg", std::string(progressive.begin(), progressive.end()));
  write_good_pictures(service, 10);
  wait_until_done(service, 12, 2);
  CHECK(service.call("status")["poison"] == 2);
  CHECK(unreadable_reasons(service).at("eat.jpg") == "crashed");
  CHECK(unreadable_reasons(service).at("held.jpg") == "out-of-memory");
  CHECK(memory.peak_bytes() < std::uint64_t{1200} << 20);
  CHECK(service.stop() == 0);
  std::printf("h3-oom: limit 400 MiB, peak of all processes %.0f MiB\n",
              static_cast<double>(memory.peak_bytes()) / (1 << 20));
}

#endif
