// SPDX-License-Identifier: Apache-2.0
#include "hashing/orientation.h"

#include <string>

#include "bytes_of.h"
#include "support/drawn_pictures.h"

using namespace imgdedup;
using namespace imgdedup::hashing;
using namespace std::string_literals;
using imgdedup::testing::draw_picture;
using imgdedup::testing::encode_picture;

TEST_CASE("a picture stored in any of the eight orientations is measured as shown") {
  const cv::Mat shown = draw_picture(1, {512, 384});
  const auto reference = fingerprint_of(encode_picture(shown, ".jpg", 98));
  for (int orientation = 1; orientation <= 8; ++orientation) {
    INFO(orientation);
    const std::string jpeg =
        encode_picture(testing::stored_for_orientation(shown, orientation), ".jpg", 98);
    const auto fingerprint = fingerprint_of(testing::with_exif_orientation(jpeg, orientation));
    CHECK(fingerprint.width_pixels == 512);
    CHECK(fingerprint.height_pixels == 384);
    CHECK(hamming_distance(fingerprint.hashes.phash, reference.hashes.phash) <= 2);
    CHECK(hamming_distance(fingerprint.hashes.dhash, reference.hashes.dhash) <= 2);
    const auto comparison = comparison_of(encode_picture(shown, ".png"),
                                          testing::with_exif_orientation(jpeg, orientation));
    CHECK(comparison.ssim > 0.95);
  }
}

TEST_CASE("a TIFF with an orientation tag is turned once") {
  const cv::Mat shown = draw_picture(2, {96, 64});
  for (int orientation = 1; orientation <= 8; ++orientation) {
    INFO(orientation);
    const cv::Mat stored = testing::stored_for_orientation(shown, orientation);
    const std::string file = testing::encode_tiff(stored, orientation);
    CHECK(comparison_of(encode_picture(shown, ".png"), file).same_pixels);
    CHECK(fingerprint_of(file).hashes == fingerprint_of(encode_picture(shown, ".png")).hashes);
  }
}

TEST_CASE("an EXIF block is read in either byte order and never beyond its end") {
  const std::string big =
      "Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"s;
  const std::string little = "II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x08\0\0\0\0\0\0\0"s;
  CHECK(orientation_of_exif(bytes_of(big)) == Orientation::turned_right);
  CHECK(orientation_of_exif(bytes_of(little)) == Orientation::turned_left);
  for (std::size_t length = 0; length + 6 < big.size(); ++length) {
    const std::string cut = big.substr(0, length);
    CHECK(!orientation_of_exif(bytes_of(cut)));
  }
}

TEST_CASE("an orientation out of range counts as none") {
  const std::string jpeg = encode_picture(draw_picture(3), ".jpg");
  CHECK(fingerprint_of(testing::with_exif_orientation(jpeg, 9)).hashes ==
        fingerprint_of(jpeg).hashes);
  CHECK(fingerprint_of(testing::with_exif_orientation(jpeg, 0)).hashes ==
        fingerprint_of(jpeg).hashes);
}
