// SPDX-License-Identifier: Apache-2.0
#include "hashing/measure.h"

#include <opencv2/imgproc.hpp>

#include "bytes_of.h"
#include "support/drawn_pictures.h"

using namespace imgdedup;
using namespace imgdedup::hashing;
using imgdedup::testing::draw_picture;
using imgdedup::testing::encode_picture;
using matching::ImageFormat;
using matching::RefusalReason;

namespace {

int largest_distance(const matching::PerceptualHashes& a, const matching::PerceptualHashes& b) {
  return std::max({hamming_distance(a.ahash, b.ahash), hamming_distance(a.dhash, b.dhash),
                   hamming_distance(a.phash, b.phash), hamming_distance(a.whash, b.whash)});
}

struct Encoding {
  const char* extension;
  ImageFormat format;
};
constexpr Encoding encodings[] = {
    {".jpg", ImageFormat::jpeg},     {".png", ImageFormat::png}, {".webp", ImageFormat::webp},
    {".tiff", ImageFormat::tiff},    {".bmp", ImageFormat::bmp}, {".ppm", ImageFormat::pnm},
    {".jp2", ImageFormat::jpeg2000},
};

}  // namespace

TEST_CASE("a picture is recognised and measured in every format that is read") {
  const cv::Mat picture = draw_picture(1);
  const auto reference = fingerprint_of(encode_picture(picture, ".png"));
  for (const Encoding& encoding : encodings) {
    INFO(encoding.extension);
    const std::string file = encode_picture(picture, encoding.extension, 95);
    const auto fingerprint = fingerprint_of(file);
    CHECK(fingerprint.format == encoding.format);
    CHECK(fingerprint.width_pixels == 400);
    CHECK(fingerprint.height_pixels == 300);
    CHECK(fingerprint.size_bytes == file.size());
    CHECK(fingerprint.content_digest == digest_of(bytes_of(file)));
    CHECK(largest_distance(fingerprint.hashes, reference.hashes) <= 4);
    CHECK(fingerprint.detail == doctest::Approx(reference.detail).epsilon(0.1));
    CHECK(!refuse_by_signature(bytes_of(file).first(signature_bytes)));
  }
}

TEST_CASE("pictures that look different have distant hashes") {
  const auto a = fingerprint_of(encode_picture(draw_picture(1), ".jpg"));
  const auto b = fingerprint_of(encode_picture(draw_picture(2), ".jpg"));
  CHECK(hamming_distance(a.hashes.phash, b.hashes.phash) > 10);
}

TEST_CASE("a progressive JPEG has the fingerprint of the same picture in one scan") {
  const cv::Mat picture = draw_picture(3);
  const auto one_scan = fingerprint_of(encode_picture(picture, ".jpg", 80));
  const auto progressive = fingerprint_of(testing::encode_progressive_jpeg(picture, 80));
  CHECK(progressive.hashes == one_scan.hashes);
  CHECK(progressive.reduced_picture_digest == one_scan.reduced_picture_digest);
}

TEST_CASE("a JPEG at half its size keeps its hashes within a few bits") {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    const cv::Mat picture = draw_picture(seed, {1600, 1200});
    cv::Mat half;
    cv::resize(picture, half, {}, 0.5, 0.5, cv::INTER_AREA);
    const auto a = fingerprint_of(encode_picture(picture, ".jpg"));
    const auto b = fingerprint_of(encode_picture(half, ".jpg"));
    CHECK(largest_distance(a.hashes, b.hashes) <= 4);
  }
}

TEST_CASE("pictures of one pixel and of extreme shape are measured") {
  for (const auto& [width, height] : {std::pair{1, 1}, {1, 500}, {3000, 2}, {7, 9}})
    for (const Encoding& encoding : encodings) {
      if (encoding.format == ImageFormat::jpeg2000 && std::min(width, height) < 32) continue;
      INFO(encoding.extension << " " << width << "x" << height);
      const auto fingerprint =
          fingerprint_of(encode_picture(draw_picture(4, {width, height}), encoding.extension));
      CHECK(fingerprint.width_pixels == static_cast<std::uint32_t>(width));
      CHECK(fingerprint.height_pixels == static_cast<std::uint32_t>(height));
    }
}

TEST_CASE("more pixels than the limit allows are refused by every format's header") {
  for (const Encoding& encoding : encodings) {
    INFO(encoding.extension);
    const std::string file = encode_picture(draw_picture(1), encoding.extension);
    CHECK(refusal_of(file, {400 * 300 - 1}).reason == RefusalReason::over_limit);
    CHECK(
        std::holds_alternative<matching::Measurement>(measure_image(bytes_of(file), {400 * 300})));
  }
}

TEST_CASE("16 bits a sample give the hashes of their upper 8") {
  const cv::Mat picture = draw_picture(5);
  cv::Mat wide;
  picture.convertTo(wide, CV_16UC3, 257);
  for (const char* extension : {".png", ".tiff", ".ppm"}) {
    INFO(extension);
    CHECK(fingerprint_of(encode_picture(wide, extension)).hashes ==
          fingerprint_of(encode_picture(picture, extension)).hashes);
  }
}

TEST_CASE("what lies hidden under full transparency does not change the hashes") {
  cv::Mat with_alpha;
  cv::cvtColor(draw_picture(6), with_alpha, cv::COLOR_BGR2BGRA);
  cv::Mat other = with_alpha.clone();
  for (int y = 0; y < with_alpha.rows; ++y)
    for (int x = 0; x < 150; ++x) {
      with_alpha.at<cv::Vec4b>(y, x)[3] = 0;
      other.at<cv::Vec4b>(y, x) = {0, 0, 0, 0};
    }
  const std::string left = encode_picture(with_alpha, ".png");
  const std::string right = encode_picture(other, ".png");
  CHECK(fingerprint_of(left).hashes == fingerprint_of(right).hashes);
  CHECK(!comparison_of(left, right).same_pixels);
  CHECK(comparison_of(left, right).ssim == doctest::Approx(1.0));
}

TEST_CASE("a flat picture has no detail and a busy one has much") {
  const cv::Mat flat(300, 400, CV_8UC3, cv::Scalar(90, 120, 200));
  CHECK(fingerprint_of(encode_picture(flat, ".jpg")).detail < 0.5F);
  CHECK(fingerprint_of(encode_picture(draw_picture(1), ".jpg")).detail > 8.0F);
}
