// SPDX-License-Identifier: Apache-2.0
// A decoded picture of any sample type -> 8-bit grey or BGR, smaller by a whole factor.
#pragma once

#include <cstdint>

#include <opencv2/core/mat.hpp>

namespace imgdedup::hashing {

/// What becomes of transparency.
enum class AlphaRule : std::uint8_t {
  on_white,  ///< laid on white: what viewers and converters to JPEG mostly show
  dropped,   ///< ignored, as imagededup does; shows colours hidden under full transparency
};

/// Grey of one 8-bit colour: ITU-R BT.601 in 16-bit fixed point, rounded, as Pillow's "L".
constexpr std::uint8_t grey_of(std::uint32_t red, std::uint32_t green, std::uint32_t blue) {
  return static_cast<std::uint8_t>((19595 * red + 38470 * green + 7471 * blue + 0x8000) >> 16);
}

/// decoded: CV_8U or CV_16U with 1, 3 (BGR) or 4 (BGRA) channels; of 16-bit samples the
/// highest 8 bits count (of those that `max_sample` needs), as with Pillow. Each sample of the
/// result (CV_8UC1) is the rounded mean of a cell of factor x factor pixels (fewer at the right and
/// lower edge). factor >= 1. Any thread.
cv::Mat reduce_to_grey(const cv::Mat& decoded, std::uint32_t max_sample, int factor,
                       AlphaRule alpha);
/// The same with three channels: CV_8UC3, BGR.
cv::Mat reduce_to_bgr(const cv::Mat& decoded, std::uint32_t max_sample, int factor,
                      AlphaRule alpha);

}  // namespace imgdedup::hashing
