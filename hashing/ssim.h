// SPDX-License-Identifier: Apache-2.0
// Structural similarity of two grey pictures, place by place.
#pragma once

#include <opencv2/core/mat.hpp>

namespace imgdedup::hashing {

/// The SSIM of the 7 x 7 pixels around each pixel, -1..1, CV_32FC1. Both CV_32FC1 of one size,
/// 0..255. Any thread.
/// Z. Wang et al., "Image Quality Assessment: From Error Visibility to Structural Similarity", IEEE
/// Trans. Image Processing 13, 2004; uniform window, K1 0.01, K2 0.03, L 255.
cv::Mat ssim_map(const cv::Mat& a, const cv::Mat& b);

/// The third factor of the SSIM alone, its structure: how well the two correlate, whatever their
/// brightness and contrast. -1..1; 1 where both are flat. As above otherwise.
cv::Mat structure_map(const cv::Mat& a, const cv::Mat& b);

}  // namespace imgdedup::hashing
