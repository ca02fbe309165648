// SPDX-License-Identifier: Apache-2.0
// A picture that was bent is unbent.
#include "hashing/bend.h"

#include <doctest/doctest.h>

#include <cmath>

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "support/drawn_pictures.h"

namespace imgdedup::hashing {
namespace {

cv::Mat grey_picture(std::uint64_t seed) {
  cv::Mat grey;
  cv::cvtColor(testing::draw_picture(seed, {256, 192}), grey, cv::COLOR_BGR2GRAY);
  grey.convertTo(grey, CV_32F);
  cv::GaussianBlur(grey, grey, {}, 1.0);
  return grey;
}

cv::Mat seen_through(const cv::Mat& picture, const Bend& bend) {
  cv::Mat places(picture.size(), CV_32FC2), result;
  for (int y = 0; y < picture.rows; ++y)
    for (int x = 0; x < picture.cols; ++x) {
      const auto place = bend({static_cast<double>(x), static_cast<double>(y)}, picture.size());
      places.at<cv::Vec2f>(y, x) = {static_cast<float>(place.x), static_cast<float>(place.y)};
    }
  cv::remap(picture, result, places, {}, cv::INTER_LINEAR, cv::BORDER_REPLICATE);
  return result;
}

/// The bend under which `right` looks like `left`.
Bend found_bend(const cv::Mat& left, const cv::Mat& right) {
  return best_bend(
      left, [&](const Bend& bend) { return seen_through(right, bend); },
      [&](const Bend&) { return cv::Mat(left.size(), CV_8UC1, cv::Scalar(255)); }, {2.0, 1.0});
}

/// Farthest that two bends lead apart, in pixels, a tenth of the frame away from its edges.
double farthest_apart(const Bend& a, const Bend& b, cv::Size frame) {
  double farthest = 0;
  for (int y = frame.height / 10; y < frame.height * 9 / 10; y += 8)
    for (int x = frame.width / 10; x < frame.width * 9 / 10; x += 8) {
      const matching::Point place{static_cast<double>(x), static_cast<double>(y)};
      const auto p = a(place, frame), q = b(place, frame);
      farthest = std::max(farthest, std::hypot(p.x - q.x, p.y - q.y));
    }
  return farthest;
}

TEST_CASE("a tilt and the bend of a lens are found again, in other tones too") {
  const cv::Mat picture = grey_picture(21);
  const Bend tilt{{0, 1, 0, 3, -4, 0, 0, 0}, {1, 0, -2, 0, 3, 2, 0, 0}};
  const Bend lens{{0, 0, 0, 0, 0, 0, -5, 0}, {0, 0, 0, 0, 0, 0, 0, -5}};
  for (const Bend& bend : {tilt, lens}) {
    const cv::Mat bent = seen_through(picture, bend) * 0.8 + 10;
    CHECK(farthest_apart(found_bend(bent, picture), bend, picture.size()) < 1);
    CHECK(farthest_apart({}, bend, picture.size()) > 2);
  }
}

TEST_CASE("a picture that was not bent is left as it is") {
  const cv::Mat picture = grey_picture(22);
  CHECK(farthest_apart(found_bend(picture, picture), {}, picture.size()) < 0.1);
}

TEST_CASE("pictures without anything to go by are not bent, and nothing breaks") {
  const cv::Mat flat(192, 256, CV_32FC1, cv::Scalar(80));
  const Bend bend = found_bend(flat, flat);
  CHECK(farthest_apart(bend, {}, flat.size()) < 0.1);
}

}  // namespace
}  // namespace imgdedup::hashing
