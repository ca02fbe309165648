// SPDX-License-Identifier: Apache-2.0
// A transform that nearly leads one picture into another -> one that does.
#pragma once

#include <functional>
#include <initializer_list>

#include <opencv2/core/mat.hpp>

#include "matching/affine_transform.h"

namespace imgdedup::hashing {

/// Improves `transform`, which leads from pixels of `left` to those of another picture.
/// left: CV_32FC1. picture_through, mask_through: the other picture as `transform` shows it, of the
/// size of `left`, CV_32FC1; and where both pictures show something, CV_8UC1. A transform that does
/// not fit better than the given one is not taken. smoothings: standard deviations, in pixels, of
/// the smoothing in each round: the more, the farther a round reaches. Any thread.
matching::AffineTransform aligned(
    const cv::Mat& left, const matching::AffineTransform& transform,
    const std::function<cv::Mat(const matching::AffineTransform&)>& picture_through,
    const std::function<cv::Mat(const matching::AffineTransform&)>& mask_through,
    std::initializer_list<double> smoothings);

}  // namespace imgdedup::hashing
