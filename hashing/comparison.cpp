// SPDX-License-Identifier: Apache-2.0
// Two pictures side by side: how alike they look.
#include "hashing/comparison.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "hashing/ssim.h"
#include "hashing/tone_curve.h"

namespace imgdedup::hashing {
namespace {

cv::Size common_size(cv::Size left, cv::Size right) {
  const auto long_side = [](cv::Size size) { return std::max(size.width, size.height); };
  const double side = std::min({long_side(left), long_side(right), comparison_long_side});
  const double aspect = std::sqrt((static_cast<double>(left.width) / left.height) *
                                  (static_cast<double>(right.width) / right.height));
  const auto rounded = [](double value) {
    constexpr int smallest_side = 8;
    return std::max(smallest_side, static_cast<int>(std::lround(value)));
  };
  return {rounded(aspect >= 1 ? side : side * aspect), rounded(aspect >= 1 ? side / aspect : side)};
}

struct Look {
  cv::Mat grey;       ///< CV_32FC1, 0..255
  cv::Mat blue, red;  ///< CV_32FC1, chroma around 0
};

Look look_at(const cv::Mat& bgr, cv::Size size) {
  cv::Mat resized, ycc;
  cv::resize(bgr, resized, size, 0, 0, cv::INTER_AREA);
  resized.convertTo(resized, CV_32FC3);
  cv::cvtColor(resized, ycc, cv::COLOR_BGR2YCrCb);
  cv::Mat channels[3];
  cv::split(ycc, channels);
  // OpenCV centres floating-point chroma on 0.5 of a range of 1, whatever the range is.
  Look look{channels[0], channels[2] - 0.5, channels[1] - 0.5};
  cv::GaussianBlur(look.grey, look.grey, {}, 1.0);
  return look;
}

double lowest_tile(const cv::Mat& map) {
  constexpr int tiles_a_side = 8;
  cv::Mat tiles;
  cv::resize(map, tiles, cv::Size(tiles_a_side, tiles_a_side), 0, 0, cv::INTER_AREA);
  double lowest = 0;
  cv::minMaxLoc(tiles, &lowest);
  return lowest;
}

/// Root mean square of what remains of the paler picture's chroma when the other's, made paler by
/// one factor, is taken away. A grey copy of a colour picture leaves nothing.
double colour_difference(const Look& a, const Look& b) {
  const double aa = a.blue.dot(a.blue) + a.red.dot(a.red);
  const double bb = b.blue.dot(b.blue) + b.red.dot(b.red);
  const double ab = a.blue.dot(b.blue) + a.red.dot(b.red);
  const double vivid = std::max(aa, bb), pale = std::min(aa, bb);
  if (vivid == 0) return 0;
  const double factor = std::clamp(ab / vivid, 0.0, 1.0);
  const double rest = pale - 2 * factor * ab + factor * factor * vivid;
  return std::sqrt(std::max(0.0, rest) / static_cast<double>(a.grey.total()));
}

}  // namespace

void compare_looks(const cv::Mat& left, const cv::Mat& right, matching::Comparison& result) {
  const cv::Size size = common_size(left.size(), right.size());
  const Look a = look_at(left, size), b = look_at(right, size);
  result.tone_difference = cv::mean(cv::abs(a.grey - b.grey))[0];
  result.colour_difference = colour_difference(a, b);
  // Toning one picture may lose what the other keeps (burnt-out lights), so either may be fitted.
  result.ssim = -1;
  for (const auto& [from, to] : {std::pair(a.grey, b.grey), std::pair(b.grey, a.grey)}) {
    const cv::Mat map = ssim_map(toned_like(from, to), to);
    const double ssim = cv::mean(map)[0];
    if (ssim <= result.ssim) continue;
    result.ssim = ssim;
    result.lowest_tile_ssim = lowest_tile(map);
  }
}

}  // namespace imgdedup::hashing
