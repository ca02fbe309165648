// SPDX-License-Identifier: Apache-2.0
// The corners of a picture, and what the picture looks like around each.
#pragma once

#include <cstddef>

#include <opencv2/core/mat.hpp>

#include "matching/local_features.h"

namespace imgdedup::hashing {

/// Long side, in pixels, to which a picture is reduced before its features are looked for.
inline constexpr int feature_long_side = 320;
/// Long side with which it is taken as it is rather than decoded a second time for more.
inline constexpr int sufficient_feature_long_side = 240;
/// Features that are kept of a picture for the catalog.
inline constexpr std::size_t feature_count = 200;

/// The `count` strongest features at most, fairly spread over picture and scales, strongest first.
/// `grey`: CV_8UC1, not empty, sides at most max_feature_picture_side. Corners are found on a
/// pyramid whose levels shrink by feature_level_step() and ranked by their Harris response; the
/// direction is that of the intensity centroid; the descriptor compares smoothed samples by
/// pattern_turned(). Any thread.
/// E. Rosten & T. Drummond, "Machine learning for high-speed corner detection", ECCV 2006;
/// C. Harris & M. Stephens, "A combined corner and edge detector", 1988;
/// P. L. Rosin, "Measuring corner properties", CVIU 73, 1999.
matching::LocalFeatures local_features_of(const cv::Mat& grey, std::size_t count = feature_count);

}  // namespace imgdedup::hashing
