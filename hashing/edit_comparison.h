// SPDX-License-Identifier: Apache-2.0
// Whether one picture lies in another: cropped, turned, mirrored, framed, captioned.
#pragma once

#include <optional>

#include <opencv2/core/mat.hpp>

#include "matching/relation.h"

namespace imgdedup::hashing {

/// Long side in pixels at which edits are looked for; smaller pictures at their own size.
inline constexpr int edit_long_side = 512;

/// Looks for a transform that leads one picture into the other, by local features and, where these
/// do not say it clearly, by laying the pictures on one another whole, turned by right angles and
/// mirrored. Then looks at the common part. Both CV_8UC1 as shown, with sides up to
/// max_feature_picture_side. Empty if there is no such transform at all. What it says about the
/// transform is in pixels of these pictures. Any thread.
std::optional<matching::EditComparison> compare_edit(const cv::Mat& left, const cv::Mat& right);

}  // namespace imgdedup::hashing
