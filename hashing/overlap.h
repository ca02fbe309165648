// SPDX-License-Identifier: Apache-2.0
// Two pictures and a transform between them -> how well they agree where both show something.
#pragma once

#include <optional>

#include <opencv2/core/mat.hpp>

#include "matching/affine_transform.h"
#include "matching/relation.h"

namespace imgdedup::hashing {

struct Overlap {
  /// All but inliers, matched_share and spread.
  matching::EditComparison measures;
  /// The transform from left to right, improved by what the samples say.
  matching::AffineTransform transform;
};

/// left, right: CV_8UC1. `transform` leads from left to right, in pixels. The common part is
/// brought to a frame whose long side is at most overlap_long_side, sharpened to neither picture's
/// disadvantage; the transform is refined there by least squares over the samples, those that do
/// not fit counting less. Empty if the common part is too small to look at. Any thread.
/// B. Lucas & T. Kanade, "An Iterative Image Registration Technique", IJCAI 1981.
std::optional<Overlap> look_at_overlap(const cv::Mat& left, const cv::Mat& right,
                                       const matching::AffineTransform& transform);

/// Long side, in pixels, at which the common part is looked at.
inline constexpr int overlap_long_side = 256;

}  // namespace imgdedup::hashing
