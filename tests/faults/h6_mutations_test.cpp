// SPDX-License-Identifier: Apache-2.0
// Random mutations of files of every format, through the real service.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "faults/catalog_support.h"
#include "faults/fault_support.h"
#include "faults/worker_support.h"
#include "support/drawn_pictures.h"
#include "support/encoded_formats.h"

using namespace imgdedup::testing;
namespace fs = std::filesystem;

namespace {

std::vector<std::string> drawn_files() {
  const cv::Mat picture = draw_picture(1, {160, 120});
  std::vector<std::string> files;
  for (const char* extension : {".jpg", ".png", ".webp", ".tiff", ".bmp", ".ppm", ".jp2"})
    files.push_back(encode_picture(picture, extension));
  files.push_back(encode_progressive_jpeg(picture));
  files.push_back(with_exif_orientation(files[0], 6));
  files.push_back(encode_icon({bitmap_in_icon(picture), png_in_icon(picture)}));
  files.push_back(encode_webp_animation({picture}, picture.size()));
  files.push_back(encode_apng({picture, picture}));
  files.push_back(encode_dng(files[0], 6));
  files.push_back(encode_qoi(picture));
  files.push_back(encode_sun_raster(picture));
  for (const TiffKind kind : {TiffKind::big, TiffKind::four_bits, TiffKind::inks})
    files.push_back(encode_tiff_kind(picture, kind));
  for (auto& file : {encode_gif({picture}), encode_heif({picture}, HeifCodec::hevc),
                     encode_heif({picture}, HeifCodec::av1), encode_jpegxl({picture}),
                     encode_jpegxl({picture}, 1), encode_jpeg12(picture)})
    if (file) files.push_back(*file);
  return files;
}

/// Of the public collection, where it is there; large ones would only be slow.
void add_collected(std::vector<std::string>& files) {
  const char* const data = std::getenv("IMGDEDUP_TEST_DATA");
  if (data == nullptr) return;
  constexpr std::uintmax_t most_bytes = 300'000;
  std::vector<fs::path> paths;
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(data) / "formats"))
    if (entry.is_regular_file() && entry.file_size() <= most_bytes) paths.push_back(entry.path());
  std::ranges::sort(paths);
  for (const auto& path : paths) files.push_back(read_file(path));
}

class Mutator {
 public:
  Mutator(std::vector<std::string> files, std::uint64_t seed)
      : files_(std::move(files)), random_(seed) {}

  std::string next() {
    std::string file = pick();
    // Whole files are read, not only refused for how they begin.
    const std::size_t changes = std::size_t{1} << below(6);
    for (std::size_t i = 0; i < changes; ++i) change(file);
    return file;
  }

 private:
  std::size_t below(std::size_t bound) { return random_() % std::max<std::size_t>(bound, 1); }
  const std::string& pick() { return files_[below(files_.size())]; }
  /// Half of the time among the first bytes, where headers lie.
  std::size_t place_in(const std::string& file) {
    return below(below(2) == 0 ? std::min<std::size_t>(file.size(), 400) : file.size());
  }

  void change(std::string& file) {
    if (file.empty()) return;
    const std::size_t at = place_in(file);
    const std::size_t length = std::min(file.size() - at, std::size_t{1} << below(8));
    switch (below(8)) {
      case 0:
        file[at] = static_cast<char>(file[at] ^ (1 << below(8)));
        break;
      case 1:
        file[at] = static_cast<char>(random_());
        break;
      case 2: {
        constexpr const char* extremes[] = {"\x00\x00\x00\x00", "\xff\xff\xff\xff",
                                            "\x7f\xff\xff\xff", "\x80\x00\x00\x00",
                                            "\xff\xff\xff\x7f", "\x01\x00\x00\x00"};
        const char* const extreme = extremes[below(6)];
        for (std::size_t i = 0; i < 4 && at + i < file.size(); ++i) file[at + i] = extreme[i];
        break;
      }
      case 3:
        file.erase(at, length);
        break;
      case 4:
        file.insert(at, file.substr(place_in(file), length));
        break;
      case 5:
        if (below(4) == 0) file.resize(at);
        break;
      case 6: {
        const std::string& other = pick();
        file.replace(at, length, other.substr(std::min(at, other.size()), length));
        break;
      }
      default:
        for (std::size_t i = 0; i < length; ++i) file[at + i] = static_cast<char>(random_());
    }
  }

  std::vector<std::string> files_;
  std::mt19937_64 random_;
};

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* const text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

}  // namespace

// IMGDEDUP_TEST_FULL=1: all 10,000, else a twentieth. IMGDEDUP_TEST_SEED: that of an earlier run.
TEST_CASE("h6-mutations: thousands of broken files end no service and leave nothing behind in it") {
  const std::size_t count = at_full_size() ? 10'000 : 500;
  const std::uint64_t seed = number_from("IMGDEDUP_TEST_SEED", std::random_device{}());
  INFO("IMGDEDUP_TEST_SEED=" << seed);
  std::vector<std::string> files = drawn_files();
  add_collected(files);
  const std::size_t originals = files.size();
  Mutator mutator(std::move(files), seed);
  Service service("limits: {worker_time: 10s, worker_memory: 1GiB}\n");
  change_setting(service, "settle_time: 100ms", "settle_time: 0s");
  service.start();
  const pid_t process = service.pid();
  constexpr std::size_t batch = 250;
  std::uint64_t read = 0, poison = 0, early_bytes = 0, late_bytes = 0;
  for (std::size_t done = 0; done < count; done += batch) {
    const auto folder = service.root() / std::to_string(done);
    for (std::size_t i = 0; i < batch; ++i) write_file(folder / std::to_string(i), mutator.next());
    service.sync(std::chrono::seconds(550));
    const auto status = service.call("status");
    REQUIRE(service.pid() == process);
    REQUIRE(service.is_running());
    CHECK(status["pending"] == 0);
    read += status["images"].get<std::uint64_t>();
    poison += status["poison"].get<std::uint64_t>();
    for (const auto& [name, reason] : unreadable_reasons(service))
      if (reason == "crashed" || reason == "timed-out") {
        std::printf("h6-mutations: seed %llu, %s/%s: %s\n", static_cast<unsigned long long>(seed),
                    folder.filename().c_str(), name.c_str(),
                    unreadable_messages(service).at(name).c_str());
        if (const char* keep = std::getenv("IMGDEDUP_TEST_KEEP"))
          fs::copy_file(folder / name, fs::path(keep) / (folder.filename().string() + "-" + name),
                        fs::copy_options::overwrite_existing);
      }
    fs::remove_all(folder);
    service.sync();
    // The index of features grows to some MiB whatever is in it, and says how much it takes.
    const std::uint64_t index_bytes = service.call("status")["index"]["feature_bytes"];
    const std::uint64_t bytes = resident_bytes(process);
    late_bytes = bytes - std::min(bytes, index_bytes);
    if (done / batch == count / batch / 5) early_bytes = late_bytes;
  }
  CHECK(service.call("status")["images"] == 0);
  CHECK(late_bytes < early_bytes + (std::uint64_t{6} << 20));
  CHECK(service.stop() == 0);
  std::printf(
      "h6-mutations: seed %llu, %zu mutations of %zu files: %llu read, %llu poison; memory of the "
      "service beside its index of features %.1f MiB after a fifth, %.1f MiB at the end\n",
      static_cast<unsigned long long>(seed), count, originals,
      static_cast<unsigned long long>(read), static_cast<unsigned long long>(poison),
      static_cast<double>(early_bytes) / (1 << 20), static_cast<double>(late_bytes) / (1 << 20));
}
