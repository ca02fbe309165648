// SPDX-License-Identifier: Apache-2.0
// Two pictures side by side: how alike they look, and whether they are the same samples.
#include "hashing/comparison.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
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

/// One sample widened to 16 bits.
std::uint32_t wide(std::uint8_t sample) { return sample * 257U; }
std::uint32_t wide(std::uint16_t sample) { return sample; }

template <typename Sample>
std::uint32_t channel_of(const Sample* pixel, int channels, int channel) {
  if (channel == 3) return channels == 4 ? wide(pixel[3]) : 0xffffU;
  return wide(pixel[channels == 1 ? 0 : channel]);
}

template <typename Left, typename Right>
bool rows_equal(const cv::Mat& left, const cv::Mat& right, int y) {
  const auto* a = left.ptr<Left>(y);
  const auto* b = right.ptr<Right>(y);
  for (int x = 0; x < left.cols; ++x, a += left.channels(), b += right.channels())
    for (int channel = 0; channel < 4; ++channel)
      if (channel_of(a, left.channels(), channel) != channel_of(b, right.channels(), channel))
        return false;
  return true;
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

bool same_samples(const cv::Mat& left, const cv::Mat& right) {
  if (left.size() != right.size()) return false;
  for (int y = 0; y < left.rows; ++y) {
    bool equal = false;
    if (left.type() == right.type())
      equal = std::equal(left.ptr(y),
                         left.ptr(y) + left.elemSize() * static_cast<std::size_t>(left.cols),
                         right.ptr(y));
    else if (left.depth() == CV_8U && right.depth() == CV_8U)
      equal = rows_equal<std::uint8_t, std::uint8_t>(left, right, y);
    else if (left.depth() == CV_8U)
      equal = rows_equal<std::uint8_t, std::uint16_t>(left, right, y);
    else if (right.depth() == CV_8U)
      equal = rows_equal<std::uint16_t, std::uint8_t>(left, right, y);
    else
      equal = rows_equal<std::uint16_t, std::uint16_t>(left, right, y);
    if (!equal) return false;
  }
  return true;
}

}  // namespace imgdedup::hashing
