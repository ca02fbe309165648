// SPDX-License-Identifier: Apache-2.0
// Pictures that are read part by part are those that a decoder of whole pictures gives.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include <opencv2/core.hpp>

#include "bytes_of.h"
#include "hashing/format_decoders.h"
#include "hashing/opencv_decoder.h"
#include "hashing/reduction.h"
#include "hashing/row_sink.h"
#include "hashing/sample_digest.h"
#include "support/drawn_pictures.h"
#include "support/encoded_formats.h"

using namespace imgdedup;
using namespace imgdedup::hashing;
using namespace imgdedup::testing;

namespace {

/// Every kind of PNG that there is.
std::vector<PngKind> png_kinds() {
  std::vector<PngKind> kinds;
  for (const PngRows rows : {PngRows::in_order, PngRows::interlaced}) {
    for (const int bits : {1, 2, 4, 8, 16}) kinds.push_back({1, bits, rows, {}, {}});
    for (const int bits : {8, 16}) {
      kinds.push_back({2, bits, rows, {}, {}});
      kinds.push_back({3, bits, rows, {}, {}});
      kinds.push_back({4, bits, rows, {}, {}});
      kinds.push_back({3, bits, rows, {}, PngTransparency::one_colour});
      kinds.push_back({1, bits, rows, {}, PngTransparency::one_colour});
    }
    for (const int bits : {1, 2, 4, 8})
      for (const auto transparency : {PngTransparency::none, PngTransparency::one_colour})
        kinds.push_back({1, bits, rows, PngPalette::random, transparency});
  }
  return kinds;
}

std::string text_of(const PngKind& kind) {
  return std::to_string(kind.channels) + " channels of " + std::to_string(kind.bits) + " bits" +
         (kind.rows == PngRows::interlaced ? ", interlaced" : "") +
         (kind.palette == PngPalette::random ? ", palette" : "") +
         (kind.transparency == PngTransparency::one_colour ? ", transparent colour" : "");
}

ImageHeader header_of(const std::string& file) {
  const auto read = read_header(bytes_of(file), {});
  REQUIRE(std::holds_alternative<ImageHeader>(read));
  return std::get<ImageHeader>(read);
}

bool equal(const cv::Mat& left, const cv::Mat& right) {
  return left.type() == right.type() && left.size() == right.size() &&
         cv::norm(left, right, cv::NORM_INF) == 0;
}

/// The file with some of its bytes changed; the same for the same seed.
std::string mutated(std::string file, std::uint64_t seed) {
  cv::RNG random(seed);
  for (int i = random.uniform(1, 4); i > 0; --i)
    file[static_cast<std::size_t>(random.uniform(8, static_cast<int>(file.size())))] =
        static_cast<char>(random.uniform(0, 256));
  return file;
}

}  // namespace

TEST_CASE("a PNG of any kind and size gives the samples that OpenCV gives") {
  for (const PngKind& kind : png_kinds())
    for (const cv::Size size : {cv::Size(37, 23), cv::Size(1, 1), cv::Size(3, 2), cv::Size(5, 9)}) {
      INFO(text_of(kind) << ", " << size.width << "x" << size.height);
      const std::string file = encode_png(size, kind);
      const ImageHeader header = header_of(file);
      WholePicture whole;
      CHECK(!give_png(bytes_of(file), header, whole));
      const auto expected = decode_with_opencv(bytes_of(file), header);
      REQUIRE(std::holds_alternative<cv::Mat>(expected));
      CHECK(equal(whole.picture(), std::get<cv::Mat>(expected)));
    }
}

TEST_CASE("a PNG that is broken is refused where OpenCV refuses it, and read where that reads it") {
  int refused = 0;
  for (const PngKind& kind : png_kinds())
    for (std::uint64_t seed = 1; seed <= 2; ++seed) {
      INFO(text_of(kind) << ", seed " << seed);
      const std::string file = mutated(encode_png({19, 11}, kind), seed);
      const auto parsed = read_header(bytes_of(file), {.max_pixels = 100'000});
      if (std::holds_alternative<matching::Refusal>(parsed)) continue;
      const auto& header = std::get<ImageHeader>(parsed);
      WholePicture whole;
      const auto refusal = give_png(bytes_of(file), header, whole);
      const auto expected = decode_with_opencv(bytes_of(file), header);
      REQUIRE(refusal.has_value() == std::holds_alternative<matching::Refusal>(expected));
      if (refusal) {
        ++refused;
        continue;
      }
      CHECK(equal(whole.picture(), std::get<cv::Mat>(expected)));
    }
  CHECK(refused > 10);
}

TEST_CASE("means of cells are the same whatever order the pixels come in") {
  cv::RNG random(5);
  for (const int type : {CV_8UC1, CV_8UC3, CV_8UC4, CV_16UC1, CV_16UC3, CV_16UC4}) {
    cv::Mat picture(53, 71, type);
    random.fill(picture, cv::RNG::UNIFORM, 0, picture.depth() == CV_8U ? 256 : 65'536);
    for (const int factor : {1, 2, 7, 100})
      for (const auto colour : {ReducedColour::grey, ReducedColour::bgr}) {
        INFO("type " << type << ", factor " << factor);
        Reduction in_order(colour, 65'535, AlphaRule::on_white, {[&](cv::Size) { return factor; }});
        Reduction apart = in_order;
        give_rows(picture, in_order);
        apart.begin(picture.size(), type);
        for (int y = picture.rows - 1; y >= 0; --y)
          for (const int first_x : {2, 0, 1}) {
            cv::Mat pixels;
            for (int x = first_x; x < picture.cols; x += 3) pixels.push_back(picture.col(x).row(y));
            apart.add({y, first_x, 3, pixels.rows, pixels.data});
          }
        CHECK(equal(in_order.result(), apart.result()));
      }
  }
}

TEST_CASE("a cell's mean is that of its pixels, fewer at the lower and right edge") {
  const cv::Mat picture = (cv::Mat_<std::uint8_t>(3, 3) << 10, 20, 31, 30, 41, 32, 50, 61, 70);
  Reduction reduction(ReducedColour::grey, 255, AlphaRule::on_white, {[](cv::Size) { return 2; }});
  give_rows(picture, reduction);
  const cv::Mat expected = (cv::Mat_<std::uint8_t>(2, 2) << 25, 32, 56, 70);
  CHECK(equal(reduction.result(), expected));
}

TEST_CASE("the digest of samples is equal for equal pictures and for no others") {
  cv::RNG random(9);
  const SampleKey key = SampleKey::random();
  const auto digest = [&key](const cv::Mat& picture, Orientation turn = Orientation::normal) {
    SampleDigest samples(key, turn);
    give_rows(picture, samples);
    return samples.value();
  };
  cv::Mat bgra(31, 17, CV_8UC4), wide;
  random.fill(bgra, cv::RNG::UNIFORM, 0, 256);
  bgra.convertTo(wide, CV_16U, 257);
  CHECK(digest(bgra) == digest(wide));
  for (int i = 0; i < bgra.cols * bgra.rows; ++i) {
    cv::Mat other = bgra.clone();
    other.at<cv::Vec4b>(i / bgra.cols, i % bgra.cols)[i % 4] ^= 1;
    CHECK(digest(other) != digest(bgra));
    other = wide.clone();
    other.at<cv::Vec4w>(i / bgra.cols, i % bgra.cols)[i % 4] ^= 1;
    CHECK(digest(other) != digest(bgra));
  }
  cv::Mat swapped = bgra.clone();
  std::swap(swapped.at<cv::Vec4b>(0, 0), swapped.at<cv::Vec4b>(0, 1));
  CHECK(digest(swapped) != digest(bgra));

  cv::Mat grey(31, 17, CV_8UC1), colours, opaque;
  random.fill(grey, cv::RNG::UNIFORM, 0, 256);
  cv::merge(std::vector{grey, grey, grey}, colours);
  cv::merge(std::vector{grey, grey, grey, cv::Mat(grey.size(), CV_8UC1, cv::Scalar(255))}, opaque);
  CHECK(digest(colours) == digest(grey));
  CHECK(digest(opaque) == digest(grey));

  for (int tag = 1; tag <= 8; ++tag) {
    INFO("orientation " << tag);
    CHECK(digest(stored_for_orientation(bgra, tag), orientation_from_tag(tag)) == digest(bgra));
  }
}
