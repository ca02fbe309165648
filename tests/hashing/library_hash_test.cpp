// SPDX-License-Identifier: Apache-2.0
#include "hashing/library_hash.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>
#include <opencv2/core.hpp>

#include "bytes_of.h"
#include "formula_picture.h"
#include "hashing/image_header.h"
#include "support/drawn_pictures.h"
#include "support/temporary_directory.h"

using namespace imgdedup;
using namespace imgdedup::hashing;
using matching::HashDefinition;
using matching::HashKind;
using matching::HashLibrary;
using matching::HashSize;

namespace {

std::string encoded(std::string_view file, HashDefinition definition) {
  const auto answer = encode_image(bytes_of(file), {}, definition);
  const auto* hash = std::get_if<matching::EncodedHash>(&answer);
  return hash == nullptr ? std::get<matching::Refusal>(answer).message : to_hex(*hash);
}

struct Expected {
  HashSize size;
  HashKind kind;
  const char *imagededup, *imagehash;
};

}  // namespace

TEST_CASE("hashes of either library and size equal those computed with Pillow, SciPy, PyWavelets") {
  const cv::Mat picture = formula_picture(211, 157);
  // Of size 16 imagededup has none: computed by its steps with the figures twice as large.
  const Expected all[] = {
      {HashSize::eight, HashKind::ahash, "55aac5926d5ff5aa", "55aac5926c5ffdaa"},
      {HashSize::eight, HashKind::dhash, "a92a552ad5a8254a", "a92a552ad5a8214a"},
      {HashSize::eight, HashKind::phash, "c000fe003efefafa", "90007e003efefafa"},
      {HashSize::eight, HashKind::whash, "552ad5aa3a2aeab1", "552ad5a23a2aeab3"},
      {HashSize::sixteen, HashKind::ahash,
       "3333336666664ccc99993336ccccb3332ccc2b736add76af5557deabdab7dccc",
       "3333336666664ccc99993336ccccb3332ccc2b736add76af5557deabdab7dccc"},
      {HashSize::sixteen, HashKind::dhash,
       "ee66ceeecccc99993333e66699996662598cd642d4b5954aaa55aaaaad542988",
       "ee66ceeecccc99993333e666999966625988d642d4b5954aaa55aaaaad542988"},
      {HashSize::sixteen, HashKind::phash,
       "8040007f0070005f0a7e2af428d022c67f9effa2772a452f687faaf7fbcd7f8b",
       "8040007f0070005f0a7e2af428d022c67f9cffa2772a452f687faaf7fbcd7f8b"},
      {HashSize::sixteen, HashKind::whash,
       "3333236666664ccc99997332ccccb333eccc236719914ccc5444546adb7fd95b",
       "3333236666664ccc99997332ccccb333eccc236719914ecc5446546ad97fc95b"}};
  for (const auto& [size, kind, imagededup, imagehash] : all) {
    CAPTURE(matching::name_of(kind));
    CHECK(to_hex(library_hash(picture, {HashLibrary::imagededup, kind, size})) == imagededup);
    CHECK(to_hex(library_hash(picture, {HashLibrary::imagehash, kind, size})) == imagehash);
  }
}

TEST_CASE("pictures without detail have the digits that rounding gives them in Python") {
  // numpy.full((75, 75), 100, "uint8") and a ramp of 75 columns, symmetrical rows.
  const cv::Mat flat(75, 75, CV_8UC1, cv::Scalar(100));
  cv::Mat ramp(75, 75, CV_8UC1);
  for (int y = 0; y < ramp.rows; ++y)
    for (int x = 0; x < ramp.cols; ++x)
      ramp.at<std::uint8_t>(y, x) = static_cast<std::uint8_t>(3 * x);
  const auto phash = [](const cv::Mat& picture, HashLibrary library, HashSize size) {
    return to_hex(library_hash(picture, {library, HashKind::phash, size}));
  };
  const auto whash = [](const cv::Mat& picture, HashLibrary library) {
    return to_hex(library_hash(picture, {library, HashKind::whash, HashSize::eight}));
  };
  CHECK(phash(flat, HashLibrary::imagededup, HashSize::eight) == "ffffffffffffffff");
  CHECK(phash(flat, HashLibrary::imagehash, HashSize::eight) == "8000000000000000");
  CHECK(phash(ramp, HashLibrary::imagededup, HashSize::eight) == "aaffffffffffffff");
  CHECK(phash(ramp, HashLibrary::imagehash, HashSize::sixteen) ==
        "8000000000000000000000000000000000000000000000000000000000000000");
  CHECK(whash(flat, HashLibrary::imagededup) == "ffffffffffffffff");
  CHECK(whash(flat, HashLibrary::imagehash) == "0000000000000000");
  CHECK(whash(ramp, HashLibrary::imagededup) == "0f0f0f0f0f0f0f0f");
  CHECK(whash(ramp, HashLibrary::imagehash) == "0f0f0f0f0f0f0f0f");
}

TEST_CASE("orientation and transparency change no hash, as in the libraries") {
  const auto picture = testing::draw_picture(1);
  const auto jpeg = testing::encode_picture(picture, ".jpg");
  cv::Mat with_alpha(picture.size(), CV_8UC4);
  for (int y = 0; y < picture.rows; ++y)
    for (int x = 0; x < picture.cols; ++x) {
      const auto colour = picture.at<cv::Vec3b>(y, x);
      with_alpha.at<cv::Vec4b>(y, x) = {colour[0], colour[1], colour[2],
                                        static_cast<std::uint8_t>(x % 256)};
    }
  for (const HashLibrary library : {HashLibrary::imagededup, HashLibrary::imagehash})
    for (const HashKind kind :
         {HashKind::ahash, HashKind::dhash, HashKind::phash, HashKind::whash}) {
      const HashDefinition definition{library, kind, HashSize::eight};
      CHECK(encoded(testing::with_exif_orientation(jpeg, 6), definition) ==
            encoded(jpeg, definition));
      CHECK(encoded(testing::encode_picture(with_alpha, ".png"), definition) ==
            encoded(testing::encode_picture(picture, ".png"), definition));
    }
}

TEST_CASE("what cannot be decoded is refused, and so is what is too large") {
  const auto jpeg = testing::encode_picture(testing::draw_picture(1), ".jpg");
  const auto reason = [](std::string_view file, const DecodeLimits& limits) {
    return std::get<matching::Refusal>(encode_image(bytes_of(file), limits, {})).reason;
  };
  CHECK(reason(jpeg.substr(0, jpeg.size() / 2), {}) == matching::RefusalReason::incomplete);
  CHECK(reason("no picture", {}) == matching::RefusalReason::not_an_image);
  CHECK(reason(jpeg, {.max_pixels = 1000}) == matching::RefusalReason::over_limit);
}

TEST_CASE("a picture of one pixel has a hash of every definition") {
  const cv::Mat pixel(1, 1, CV_8UC3, cv::Scalar(10, 20, 30));
  for (const HashLibrary library : {HashLibrary::imagededup, HashLibrary::imagehash})
    for (const HashKind kind : {HashKind::ahash, HashKind::dhash, HashKind::phash, HashKind::whash})
      for (const HashSize size : {HashSize::eight, HashSize::sixteen})
        CHECK(library_hash(pixel, {library, kind, size}).size == size);
}

TEST_CASE("hashes of the public pictures equal those that both libraries wrote") {
  const char* data = std::getenv("IMGDEDUP_TEST_DATA");
  if (data == nullptr) {
    MESSAGE("skipped: IMGDEDUP_TEST_DATA is not set");
    return;
  }
  std::ifstream file(std::filesystem::path(data) / "golden/hashes.json");
  const nlohmann::json golden = nlohmann::json::parse(file);
  const std::map<std::pair<std::string, std::string>, HashDefinition> definitions{
      {{"imagededup", "ahash"}, {HashLibrary::imagededup, HashKind::ahash}},
      {{"imagededup", "dhash"}, {HashLibrary::imagededup, HashKind::dhash}},
      {{"imagededup", "phash"}, {HashLibrary::imagededup, HashKind::phash}},
      {{"imagededup", "whash"}, {HashLibrary::imagededup, HashKind::whash}},
      {{"imagehash", "average_hash"}, {HashLibrary::imagehash, HashKind::ahash}},
      {{"imagehash", "dhash"}, {HashLibrary::imagehash, HashKind::dhash}},
      {{"imagehash", "phash"}, {HashLibrary::imagehash, HashKind::phash}},
      {{"imagehash", "whash"}, {HashLibrary::imagehash, HashKind::whash}},
      {{"imagehash", "dhash16"}, {HashLibrary::imagehash, HashKind::dhash, HashSize::sixteen}},
      {{"imagehash", "phash16"}, {HashLibrary::imagehash, HashKind::phash, HashSize::sixteen}}};
  int pictures = 0;
  std::map<std::pair<std::string, std::string>, int> equal;
  for (const auto& [name, entry] : golden.items()) {
    if (entry["mode"] != "RGB" && entry["mode"] != "L") continue;
    const std::string bytes = testing::read_file(std::filesystem::path(data) / name);
    const auto header = read_header(bytes_of(bytes), {});
    const auto* read = std::get_if<ImageHeader>(&header);
    if (read == nullptr ||
        (read->format != matching::ImageFormat::jpeg && read->format != matching::ImageFormat::png))
      continue;
    ++pictures;
    for (const auto& [key, definition] : definitions) {
      const auto ours = encoded(bytes, definition);
      if (ours == entry[key.first][key.second].get<std::string>())
        ++equal[key];
      else
        MESSAGE(name << ", " << key.first << " " << key.second << ": " << ours);
    }
  }
  REQUIRE(pictures > 300);
  for (const auto& [key, definition] : definitions) {
    MESSAGE(key.first << " " << key.second << ": " << equal[key] << " of " << pictures);
    CHECK(equal[key] == pictures);
  }
}
