// SPDX-License-Identifier: Apache-2.0
#include "hashing/perceptual_hash.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include <nlohmann/json.hpp>
#include <opencv2/core.hpp>

#include "bytes_of.h"
#include "formula_picture.h"
#include "hashing/image_decoder.h"
#include "hashing/lanczos.h"
#include "support/drawn_pictures.h"
#include "support/temporary_directory.h"

using namespace imgdedup;
using namespace imgdedup::hashing;
using matching::HashKind;
using matching::PerceptualHashes;

namespace {

std::string hex(const PerceptualHashes& hashes, HashKind kind) {
  return matching::to_hex(hashes.of(kind));
}

constexpr HashKind kinds[] = {HashKind::ahash, HashKind::dhash, HashKind::phash, HashKind::whash};

}  // namespace

TEST_CASE("hashes equal those that imagededup's definitions give with Pillow, but for whash") {
  const auto hashes = perceptual_hashes(LanczosSource(formula_picture(211, 157)));
  CHECK(hex(hashes, HashKind::ahash) == "55aac5926d5ff5aa");
  CHECK(hex(hashes, HashKind::dhash) == "a92a552ad5a8254a");
  CHECK(hex(hashes, HashKind::phash) == "c000fe003efefafa");
  CHECK(hex(hashes, HashKind::whash) == "552ad5aa3a2acab5");
}

TEST_CASE("resampling equals Pillow's LANCZOS, enlarging and shrinking") {
  const cv::Mat picture = formula_picture(61, 47);
  // Sums over all samples weighted by their place, from PIL.Image.resize(..., LANCZOS).
  const auto weighted_sum = [](const cv::Mat& resized) {
    std::uint64_t sum = 0, place = 1;
    for (int y = 0; y < resized.rows; ++y)
      for (int x = 0; x < resized.cols; ++x, ++place)
        for (int channel = 2; channel >= 0; --channel)
          sum += place * resized.at<cv::Vec3b>(y, x)[channel] *
                 static_cast<std::uint64_t>(3 - channel);
    return sum;
  };
  const LanczosSource source(picture);
  CHECK(weighted_sum(source.resized(9, 8)) == 1879164);
  CHECK(weighted_sum(source.resized(100, 70)) == 17406992302);
  CHECK(weighted_sum(source.resized(61, 20)) == 530775207);
}

TEST_CASE("a grey picture has the hashes of the same picture in three channels") {
  cv::Mat grey(120, 90, CV_8UC1), colour;
  for (int y = 0; y < grey.rows; ++y)
    for (int x = 0; x < grey.cols; ++x)
      grey.at<std::uint8_t>(y, x) = static_cast<std::uint8_t>((x * x + 3 * y) % 256);
  cv::merge(std::vector<cv::Mat>{grey, grey, grey}, colour);
  CHECK(perceptual_hashes(LanczosSource(grey)) == perceptual_hashes(LanczosSource(colour)));
}

TEST_CASE("hashes of the public pictures are close to imagededup's own") {
  const char* data = std::getenv("IMGDEDUP_TEST_DATA");
  if (data == nullptr) {
    MESSAGE("skipped: IMGDEDUP_TEST_DATA is not set");
    return;
  }
  std::ifstream file(std::filesystem::path(data) / "golden/hashes.json");
  const nlohmann::json golden = nlohmann::json::parse(file);
  int pictures = 0;
  std::map<HashKind, int> close;
  for (const auto& [name, entry] : golden.items()) {
    if (!entry.contains("imagededup") || !entry["imagededup"].is_object()) continue;
    if (entry["mode"] != "RGB" && entry["mode"] != "L") continue;
    const std::string bytes = testing::read_file(std::filesystem::path(data) / name);
    const auto header = read_header(bytes_of(bytes), {});
    const auto* read = std::get_if<ImageHeader>(&header);
    if (read == nullptr ||
        (read->format != matching::ImageFormat::jpeg && read->format != matching::ImageFormat::png))
      continue;
    WholePicture decoded;
    if (give_full(bytes_of(bytes), *read, decoded) || decoded.picture().depth() != CV_8U) continue;
    const auto fingerprint = fingerprint_of(bytes);
    // Without any detail phash is a matter of the last digit of a cosine, in both programs.
    if (fingerprint.detail < 0.1F) continue;
    const auto reduced = fingerprint.hashes;
    ++pictures;
    for (const HashKind kind : kinds) {
      const auto wanted = *matching::perceptual_hash_from_hex(
          entry["imagededup"][name_of(kind)].get<std::string>());
      // imagededup ignores orientation, so only unturned pictures are comparable as shown.
      close[kind] += read->orientation != Orientation::normal ||
                             hamming_distance(reduced.of(kind), wanted) <= 2
                         ? 1
                         : 0;
    }
  }
  REQUIRE(pictures > 100);
  for (const HashKind kind : kinds) {
    MESSAGE(name_of(kind) << ": " << close[kind] << " of " << pictures << " within 2 bits");
    CHECK(close[kind] >= pictures * 0.94);
  }
}
