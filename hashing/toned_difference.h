// SPDX-License-Identifier: Apache-2.0
// How two grey pictures differ that show the same place in other tones.
#pragma once

#include <opencv2/core/mat.hpp>

namespace imgdedup::hashing {

struct TonedDifference {
  cv::Mat values;        ///< left, toned like right, minus right; CV_32FC1
  double typical = 1e9;  ///< the median of its absolute values where the mask is not 0
};

/// left, right: CV_32FC1 of one size, 0..255; mask: CV_8UC1. The tone is fitted a second time
/// without what then stands out, so that what was laid over one of the two does not decide on it.
/// Any thread.
TonedDifference toned_difference(const cv::Mat& left, const cv::Mat& right, const cv::Mat& mask);

}  // namespace imgdedup::hashing
