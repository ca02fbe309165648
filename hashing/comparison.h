// SPDX-License-Identifier: Apache-2.0
// Two pictures side by side: how alike they look.
#pragma once

#include <opencv2/core/mat.hpp>

#include "matching/relation.h"

namespace imgdedup::hashing {

/// Long side in pixels at which pictures are looked at; smaller pictures at their own size.
inline constexpr int comparison_long_side = 128;
/// Long side to which pictures should be decoded for that: averaging from twice the size hides by
/// what decoder and at what scale they were read.
inline constexpr int comparison_decode_long_side = 2 * comparison_long_side;

/// Fills the measures of likeness (all but digests, same_pixels and aspect_ratio_quotient) from two
/// pictures as shown, CV_8UC3 BGR, each reduced to not less than comparison_decode_long_side where
/// it was larger. Both are averaged to one size: the smaller of the two long sides and the limit
/// above, the geometric mean of the two aspects. Contrast and brightness are fitted by giving both
/// grey pictures one mean and one standard deviation (the larger one), the gain being at most 2.
/// SSIM: Z. Wang et al., "Image Quality Assessment: From Error Visibility to Structural
/// Similarity", IEEE Trans. Image Processing 13, 2004; uniform 7x7 window, K1 0.01, K2 0.03, L 255.
/// Symmetric in its arguments. Any thread.
void compare_looks(const cv::Mat& left, const cv::Mat& right, matching::Comparison& result);

}  // namespace imgdedup::hashing
