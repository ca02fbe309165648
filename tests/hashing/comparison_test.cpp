// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>

#include <opencv2/imgproc.hpp>

#include "bytes_of.h"
#include "matching/near_confirmation.h"
#include "support/drawn_pictures.h"

using namespace imgdedup;
using namespace imgdedup::hashing;
using imgdedup::testing::draw_picture;
using imgdedup::testing::encode_picture;

TEST_CASE("a rewritten file and one with edited metadata have the same pixels") {
  const cv::Mat picture = draw_picture(1);
  const std::string png = encode_picture(picture, ".png");
  CHECK(comparison_of(png, encode_picture(picture, ".bmp")).same_pixels);
  CHECK(comparison_of(png, encode_picture(picture, ".tiff")).same_pixels);
  const std::string jpeg = encode_picture(picture, ".jpg");
  CHECK(comparison_of(jpeg, testing::with_jpeg_comment(jpeg, "edited")).same_pixels);
  CHECK(comparison_of(jpeg, testing::encode_progressive_jpeg(picture)).same_pixels);
}

TEST_CASE("a single changed sample is not the same picture") {
  const cv::Mat picture = draw_picture(1);
  cv::Mat changed = picture.clone();
  changed.at<cv::Vec3b>(299, 399)[1] ^= 1;
  CHECK(
      !comparison_of(encode_picture(picture, ".png"), encode_picture(changed, ".png")).same_pixels);
  CHECK(
      !comparison_of(encode_picture(picture, ".png"), encode_picture(picture, ".jpg")).same_pixels);
}

TEST_CASE(
    "grey equals colour with equal channels, full alpha equals none, 16 bits equal 8 widened") {
  cv::Mat grey, colour, opaque, wide;
  cv::cvtColor(draw_picture(2), grey, cv::COLOR_BGR2GRAY);
  cv::cvtColor(grey, colour, cv::COLOR_GRAY2BGR);
  cv::cvtColor(colour, opaque, cv::COLOR_BGR2BGRA);
  colour.convertTo(wide, CV_16UC3, 257);
  const std::string reference = encode_picture(grey, ".png");
  CHECK(comparison_of(reference, encode_picture(colour, ".png")).same_pixels);
  CHECK(comparison_of(reference, encode_picture(opaque, ".png")).same_pixels);
  CHECK(comparison_of(reference, encode_picture(wide, ".png")).same_pixels);
  wide.at<cv::Vec3w>(0, 0)[0] = static_cast<std::uint16_t>(wide.at<cv::Vec3w>(0, 0)[0] ^ 1);
  CHECK(!comparison_of(reference, encode_picture(wide, ".png")).same_pixels);
  opaque.at<cv::Vec4b>(10, 10)[3] = 254;
  CHECK(!comparison_of(reference, encode_picture(opaque, ".png")).same_pixels);
}

TEST_CASE("comparing is symmetric and names both contents") {
  cv::Mat other;
  cv::resize(draw_picture(3), other, {320, 260}, 0, 0, cv::INTER_AREA);
  const std::string left = encode_picture(draw_picture(3), ".jpg");
  const std::string right = encode_picture(testing::toned(other, 0.8, 0), ".png");
  const auto forth = comparison_of(left, right), back = comparison_of(right, left);
  CHECK(forth.left_digest == digest_of(bytes_of(left)));
  CHECK(forth.right_digest == back.left_digest);
  CHECK(forth.ssim == doctest::Approx(back.ssim).epsilon(1e-5));
  CHECK(forth.lowest_tile_ssim == doctest::Approx(back.lowest_tile_ssim).epsilon(1e-5));
  CHECK(forth.tone_difference == doctest::Approx(back.tone_difference).epsilon(1e-5));
  CHECK(forth.colour_difference == doctest::Approx(back.colour_difference).epsilon(1e-5));
  CHECK(forth.aspect_ratio_quotient == doctest::Approx((400.0 / 300) / (320.0 / 260)));
  CHECK(back.aspect_ratio_quotient == doctest::Approx(forth.aspect_ratio_quotient));
}

TEST_CASE("a refusal of either picture is the answer") {
  const std::string good = encode_picture(draw_picture(1), ".jpg");
  const std::string cut = good.substr(0, good.size() / 2);
  for (const auto& [left, right] : {std::pair{good, cut}, std::pair{cut, good}}) {
    const auto compared = compare_images(bytes_of(left), bytes_of(right), {});
    REQUIRE(std::holds_alternative<matching::Refusal>(compared));
    CHECK(std::get<matching::Refusal>(compared).reason == matching::RefusalReason::incomplete);
  }
}

static bool is_near(const std::string& left, const std::string& right) {
  return confirms_near(comparison_of(left, right), fingerprint_of(left), fingerprint_of(right));
}

TEST_CASE("re-encoded, resized, toned and grey copies are confirmed, other pictures are not") {
  for (std::uint64_t seed = 10; seed < 16; ++seed) {
    const cv::Mat picture = draw_picture(seed, {640, 480});
    const std::string original = encode_picture(picture, ".jpg", 92);
    cv::Mat small, grey, blurred;
    cv::resize(picture, small, {}, 0.25, 0.25, cv::INTER_AREA);
    cv::cvtColor(picture, grey, cv::COLOR_BGR2GRAY);
    cv::GaussianBlur(picture, blurred, {}, 1.5);
    CHECK(is_near(original, encode_picture(picture, ".jpg", 10)));
    CHECK(is_near(original, encode_picture(picture, ".webp", 60)));
    CHECK(is_near(original, encode_picture(small, ".jpg")));
    CHECK(is_near(original, encode_picture(grey, ".png")));
    CHECK(is_near(original, encode_picture(blurred, ".jpg")));
    CHECK(is_near(original, encode_picture(testing::toned(picture, 0.85, 10), ".jpg")));
    CHECK(!is_near(original, encode_picture(draw_picture(seed + 1), ".jpg")));
  }
}

TEST_CASE("pictures that differ by next to nothing are not more alike than equal ones") {
  double highest = -1;
  for (int white = 200; white <= 255; ++white) {
    const cv::Mat flat(100, 100, CV_8UC1, cv::Scalar(white));
    cv::Mat dotted = flat.clone();
    dotted.at<std::uint8_t>(50, 50) = static_cast<std::uint8_t>(white - 1);
    const auto compared =
        comparison_of(encode_picture(flat, ".png"), encode_picture(dotted, ".png"));
    highest = std::max({highest, compared.ssim, compared.lowest_tile_ssim});
  }
  CHECK(highest <= 1);
  CHECK(highest > 0.99);
}
