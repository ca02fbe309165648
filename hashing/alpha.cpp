// SPDX-License-Identifier: Apache-2.0
// Pictures with and without an alpha channel.
#include "hashing/alpha.h"

#include <cstdint>

#include <opencv2/core.hpp>

namespace imgdedup::hashing {
namespace {

constexpr int colour_pairs[] = {0, 0, 1, 1, 2, 2};

template <typename Sample>
bool is_opaque(const cv::Mat& bgra, int full_alpha) {
  for (int y = 0; y < bgra.rows; ++y) {
    const auto* pixel = bgra.ptr<Sample>(y);
    for (int x = 0; x < bgra.cols; ++x, pixel += 4)
      if (pixel[3] != full_alpha) return false;
  }
  return true;
}

}  // namespace

cv::Mat without_full_alpha(const cv::Mat& bgra, int full_alpha) {
  const bool opaque = bgra.depth() == CV_8U ? is_opaque<std::uint8_t>(bgra, full_alpha)
                                            : is_opaque<std::uint16_t>(bgra, full_alpha);
  if (!opaque) return bgra;
  cv::Mat bgr(bgra.size(), CV_MAKETYPE(bgra.depth(), 3));
  cv::mixChannels(&bgra, 1, &bgr, 1, colour_pairs, 3);
  return bgr;
}

cv::Mat with_alpha(const cv::Mat& bgr) {
  if (bgr.channels() == 4) return bgr;
  cv::Mat bgra(bgr.size(), CV_8UC4, cv::Scalar::all(255));
  cv::mixChannels(&bgr, 1, &bgra, 1, colour_pairs, 3);
  return bgra;
}

}  // namespace imgdedup::hashing
