// SPDX-License-Identifier: Apache-2.0
// Pictures with and without an alpha channel.
#pragma once

#include <opencv2/core/mat.hpp>

namespace imgdedup::hashing {

/// bgra: CV_8UC4 or CV_16UC4. Without its alpha channel if that is full everywhere (255 or
/// `full_alpha`), else `bgra` itself. Any thread, as below.
cv::Mat without_full_alpha(const cv::Mat& bgra, int full_alpha = 255);

/// bgr: CV_8UC3 or CV_8UC4; as CV_8UC4, opaque where it had no alpha.
cv::Mat with_alpha(const cv::Mat& bgr);

}  // namespace imgdedup::hashing
