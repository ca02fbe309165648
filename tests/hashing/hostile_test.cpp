// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "bytes_of.h"
#include "hashing/image_format.h"
#include "hashing/image_header.h"
#include "support/drawn_pictures.h"
#include "support/encoded_formats.h"
#include "support/temporary_directory.h"

using namespace imgdedup;
using namespace imgdedup::hashing;
using namespace std::string_literals;
using imgdedup::testing::draw_picture;
using imgdedup::testing::encode_picture;
using matching::Refusal;
using matching::RefusalReason;

namespace {

constexpr const char* extensions[] = {".jpg", ".png", ".webp", ".tiff", ".bmp", ".ppm", ".jp2"};

/// Small files of every format whose length the header tells, plus the rarer shapes of headers.
std::vector<std::string> small_files() {
  const cv::Mat picture = draw_picture(1, {48, 36});
  std::vector<std::string> files;
  for (const char* extension : extensions) files.push_back(encode_picture(picture, extension, 60));
  files.push_back(testing::encode_progressive_jpeg(picture, 60));
  files.push_back(testing::with_exif_orientation(files.front(), 6));
  files.push_back(testing::encode_tiff(picture, 6));
  files.push_back("P3\n# a comment\n2 2\n255\n1 2 3  4 5 6\n7 8 9 10 11 12\n");
  files.push_back("P1 3 2 101 010\n");
  files.push_back(testing::encode_webp_animation({picture}, picture.size()));
  files.push_back(testing::encode_icon({testing::bitmap_in_icon(picture)}));
  files.push_back(testing::encode_sun_raster(picture));
  if (auto gif = testing::encode_gif({picture})) files.push_back(*gif);
  return files;
}

/// Small files of the formats whose decoders know more of their length than their headers.
std::vector<std::string> small_files_of_libraries() {
  const cv::Mat picture = draw_picture(1, {48, 36});
  std::vector<std::string> files{testing::encode_qoi(picture),
                                 testing::encode_dng(encode_picture(picture, ".jpg"), 6)};
  for (auto file :
       {testing::encode_heif({picture}, testing::HeifCodec::hevc, 6),
        testing::encode_heif({picture}, testing::HeifCodec::av1), testing::encode_jpegxl({picture}),
        testing::encode_jpegxl({picture}, 2), testing::encode_jpeg12(picture)})
    if (file) files.push_back(*file);
  return files;
}

bool is_measured_or_refused(const std::string& file) {
  const auto measured = measure_image(bytes_of(file), {1'000'000});
  if (const auto* refusal = std::get_if<Refusal>(&measured)) return !refusal->message.empty();
  const auto& fingerprint = std::get<matching::Measurement>(measured).fingerprint;
  return fingerprint.width_pixels > 0 && fingerprint.height_pixels > 0;
}

std::string jpeg_with_many_scans(int scans) {
  // The scan of a one-scan JPEG, repeated: each is read anew over the whole picture.
  const std::string file = encode_picture(draw_picture(1, {64, 64}), ".jpg");
  const std::size_t start = file.find("\xff\xda");
  const std::string scan = file.substr(start, file.size() - 2 - start);
  std::string result = file.substr(0, start);
  for (int i = 0; i < scans; ++i) result += scan;
  return result + "\xff\xd9";
}

}  // namespace

TEST_CASE("a header cut at any byte is refused or read, never overrun") {
  for (const std::string& file : small_files())
    for (std::size_t length = 0; length < file.size(); ++length) {
      const std::vector<std::uint8_t> cut(file.begin(),
                                          file.begin() + static_cast<std::ptrdiff_t>(length));
      const auto header = read_header(cut, {});
      const auto* refusal = std::get_if<Refusal>(&header);
      INFO(name_of(refusal == nullptr ? RefusalReason::crashed : refusal->reason)
           << " at " << length << " of " << file.size());
      // A plain PBM or PPM without its last blank is whole; all else is not.
      CHECK((refusal != nullptr || length + 2 >= file.size()));
      if (refusal != nullptr) CHECK(!refusal->message.empty());
    }
}

TEST_CASE("a file of a library's format that is cut at any byte is refused") {
  for (const std::string& file : small_files_of_libraries())
    for (std::size_t length = 0; length < file.size(); ++length) {
      INFO(length << " of " << file.size());
      CHECK(!refusal_of(file.substr(0, length)).message.empty());
    }
}

TEST_CASE("files with bytes changed at random are measured or refused") {
  warm_codecs();  // or OpenCV would write a line about each to standard error
  std::vector<std::string> files = small_files();
  for (std::string& file : small_files_of_libraries()) files.push_back(std::move(file));
  std::mt19937 random(20240607);
  for (int round = 0; round < 3000; ++round) {
    std::string file = files[random() % files.size()];
    const std::size_t changes = 1 + random() % 4;
    for (std::size_t i = 0; i < changes; ++i) {
      // Headers decide most, so half of the changes fall into the first 64 bytes.
      const std::size_t span =
          random() % 2 == 0 ? std::min<std::size_t>(64, file.size()) : file.size();
      file[random() % span] = static_cast<char>(random() % 3 == 0 ? 0xff : random() % 256);
    }
    INFO(round);
    CHECK(is_measured_or_refused(file));
  }
}

TEST_CASE("a JPEG of very many scans is refused before it is decoded") {
  CHECK(refusal_of(jpeg_with_many_scans(5000)).reason == RefusalReason::over_limit);
}

TEST_CASE("a tiny file that announces a giant picture is over the limit") {
  std::string png = encode_picture(draw_picture(1, {32, 32}), ".png");
  png.replace(16, 8, "\0\0\x75\x30\0\0\x75\x30"s);
  CHECK(refusal_of(png).reason == RefusalReason::over_limit);
  std::string jpeg = encode_picture(draw_picture(1, {32, 32}), ".jpg");
  jpeg.replace(jpeg.find("\xff\xc0") + 5, 4, "\xff\xff\xff\xff");
  CHECK(refusal_of(jpeg).reason == RefusalReason::over_limit);
  CHECK(refusal_of("P5 70000 1 255\n").reason == RefusalReason::over_limit);
}

TEST_CASE("formats that are known but not read are named") {
  const auto reason_and_name = [](const std::string& head, const std::string& name) {
    const auto refusal = refuse_by_signature(bytes_of(head));
    return refusal && refusal->reason == RefusalReason::unsupported &&
           refusal->message.find(name) != std::string::npos;
  };
  CHECK(reason_and_name("v/1\x01\x02\0\0\0"s, "OpenEXR"));
  CHECK(reason_and_name("8BPS\0\x01"s, "Photoshop"));
  CHECK(reason_and_name("<svg xmlns=''/>"s, "SVG"));
  CHECK(reason_and_name("<?xml version='1.0'?>\n<svg>"s, "SVG"));
  CHECK(reason_and_name("gimp xcf file"s, "GIMP"));
}

TEST_CASE("what carries no signature is no image, and an empty file is incomplete") {
  for (const std::string& text :
       {"plain text"s, "BMW is a make of cars, not a bitmap"s, "P5-P6 are pages"s,
        "\x7f"
        "ELF\x02\x01"s,
        "x"s}) {
    INFO(text);
    CHECK(refusal_of(text).reason == RefusalReason::not_an_image);
  }
  CHECK(refusal_of("").reason == RefusalReason::incomplete);
  CHECK(refusal_of("\x89PN").reason == RefusalReason::incomplete);
  CHECK(refusal_of("\xff\xd8").reason == RefusalReason::incomplete);
}

TEST_CASE("a JPEG 2000 that carries the signature of another decoder does not reach it") {
  std::string file = encode_picture(draw_picture(1, {64, 64}), ".jp2");
  file.replace(128, 4, "DICM");
  CHECK(std::holds_alternative<Refusal>(measure_image(bytes_of(file), {})));
}

TEST_CASE("every file of the hostile and the formats collection is measured or refused") {
  const char* data = std::getenv("IMGDEDUP_TEST_DATA");
  if (data == nullptr) {
    MESSAGE("skipped: IMGDEDUP_TEST_DATA is not set");
    return;
  }
  int files = 0, measured = 0;
  for (const char* folder : {"hostile", "formats"})
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(std::filesystem::path(data) / folder)) {
      if (!entry.is_regular_file()) continue;
      const std::string file = testing::read_file(entry.path());
      const auto result = measure_image(bytes_of(file), {100'000'000});
      ++files;
      if (std::holds_alternative<matching::Measurement>(result)) ++measured;
      INFO(entry.path().string());
      CHECK((std::holds_alternative<matching::Measurement>(result) ||
             !std::get<Refusal>(result).message.empty()));
    }
  MESSAGE(measured << " of " << files << " files measured, the others refused");
  CHECK(files > 0);
}
