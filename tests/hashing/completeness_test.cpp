// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "bytes_of.h"
#include "support/drawn_pictures.h"

using namespace imgdedup;
using namespace imgdedup::hashing;
using imgdedup::testing::draw_picture;
using imgdedup::testing::encode_picture;
using matching::RefusalReason;

TEST_CASE("a JPEG or PNG that ends early is incomplete wherever it was cut") {
  const cv::Mat picture = draw_picture(1);
  for (const std::string& file :
       {encode_picture(picture, ".jpg"), testing::encode_progressive_jpeg(picture),
        encode_picture(picture, ".png")})
    for (const double share : {0.1, 0.2, 0.5, 0.9, 0.99}) {
      const auto length = static_cast<std::size_t>(static_cast<double>(file.size()) * share);
      CHECK(refusal_of(file.substr(0, length)).reason == RefusalReason::incomplete);
    }
}

TEST_CASE("a cut file of the other formats is incomplete too") {
  const cv::Mat picture = draw_picture(2);
  for (const char* extension : {".webp", ".tiff", ".bmp", ".ppm", ".pgm", ".jp2"}) {
    const std::string file = encode_picture(picture, extension);
    for (const double share : {0.2, 0.5, 0.99}) {
      INFO(extension << " " << share);
      const auto length = static_cast<std::size_t>(static_cast<double>(file.size()) * share);
      CHECK(refusal_of(file.substr(0, length)).reason == RefusalReason::incomplete);
    }
  }
}

TEST_CASE("a JPEG whose tail is zeros, as of a paused download, is incomplete") {
  std::string file = encode_picture(draw_picture(3), ".jpg");
  std::fill(file.begin() + static_cast<std::ptrdiff_t>(file.size() / 2), file.end(), '\0');
  CHECK(refusal_of(file).reason == RefusalReason::incomplete);
}

TEST_CASE("a JPEG with a hole of zeros in its middle is damaged") {
  std::string file = encode_picture(draw_picture(3), ".jpg");
  const auto middle = file.begin() + static_cast<std::ptrdiff_t>(file.size() / 2);
  std::fill(middle, middle + 4000, '\0');
  CHECK(refusal_of(file).reason == RefusalReason::damaged);
}

TEST_CASE("a JPEG that lacks bytes in its middle is damaged") {
  std::string file = encode_picture(draw_picture(3), ".jpg");
  file.erase(file.size() / 2, 3000);
  CHECK(refusal_of(file).reason == RefusalReason::damaged);
}

TEST_CASE("bytes after the end of a picture change only its digest") {
  const cv::Mat picture = draw_picture(4);
  for (const char* extension : {".jpg", ".png", ".webp", ".bmp", ".ppm", ".tiff"}) {
    INFO(extension);
    const std::string file = encode_picture(picture, extension);
    const auto plain = fingerprint_of(file);
    const auto longer = fingerprint_of(file + std::string(1000, 'x'));
    CHECK(longer.hashes == plain.hashes);
    CHECK(longer.reduced_picture_digest == plain.reduced_picture_digest);
    CHECK(longer.content_digest != plain.content_digest);
  }
}

TEST_CASE("a PNG with one wrong byte in its data is damaged") {
  std::string file = encode_picture(draw_picture(5), ".png");
  file[file.size() / 2] = static_cast<char>(file[file.size() / 2] ^ 0x10);
  CHECK(refusal_of(file).reason == RefusalReason::damaged);
}
