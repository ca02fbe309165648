// SPDX-License-Identifier: Apache-2.0
// The change of brightness, contrast or gamma that best leads from one picture to another.
#pragma once

#include <opencv2/core/mat.hpp>

namespace imgdedup::hashing {

/// `from` with each grey level replaced by the mean level that `to` has in the same places, made
/// monotone: the best non-decreasing tone curve in the least-squares sense over 64 levels,
/// interpolated between them. Both CV_32FC1 of one size, 0..255. With `where` (CV_8UC1), only
/// samples that are not 0 there decide on the curve; some must be. Any thread. Pool adjacent
/// violators: M. Ayer et al., "An Empirical Distribution Function for Sampling with Incomplete
/// Information", Annals of Mathematical Statistics 26, 1955.
cv::Mat toned_like(const cv::Mat& from, const cv::Mat& to, const cv::Mat& where = {});

}  // namespace imgdedup::hashing
