// SPDX-License-Identifier: Apache-2.0
// How two grey pictures differ that show the same place in other tones.
#include "hashing/toned_difference.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <opencv2/core.hpp>

#include "hashing/tone_curve.h"

namespace imgdedup::hashing {
namespace {

/// The median, to a small part of a grey level.
double typical_of(const cv::Mat& values, const cv::Mat& mask) {
  constexpr float steps = 32;
  std::vector<std::uint32_t> counts(static_cast<std::size_t>(256 * steps));
  const auto last = static_cast<float>(counts.size() - 1);
  std::uint32_t total = 0;
  for (int y = 0; y < mask.rows; ++y) {
    const auto* row = values.ptr<float>(y);
    const auto* inside = mask.ptr<std::uint8_t>(y);
    for (int x = 0; x < mask.cols; ++x) {
      if (inside[x] == 0) continue;
      ++counts[static_cast<std::size_t>(std::min(last, std::abs(row[x]) * steps))];
      ++total;
    }
  }
  if (total == 0) return 1e9;
  std::uint32_t below = 0;
  std::size_t at = 0;
  while (2 * (below + counts[at]) < total) below += counts[at++];
  const double share = (total / 2.0 - below) / counts[at];
  return (static_cast<double>(at) + share) / static_cast<double>(steps);
}

}  // namespace

TonedDifference toned_difference(const cv::Mat& left, const cv::Mat& right, const cv::Mat& mask) {
  TonedDifference difference;
  difference.values = toned_like(left, right, mask) - right;
  difference.typical = typical_of(difference.values, mask);
  // Once more without what was laid over one of the two.
  const cv::Mat fitting = mask & (cv::abs(difference.values) <= 3 * difference.typical);
  if (cv::countNonZero(fitting) * 4 < cv::countNonZero(mask)) return difference;
  difference.values = toned_like(left, right, fitting) - right;
  difference.typical = typical_of(difference.values, mask);
  return difference;
}

}  // namespace imgdedup::hashing
