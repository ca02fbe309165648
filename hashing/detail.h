// SPDX-License-Identifier: Apache-2.0
// How much of a picture there is to judge by.
#pragma once

#include <opencv2/core/types.hpp>

#include "hashing/lanczos.h"

namespace imgdedup::hashing {

/// Edge of the picture, in pixels, from which on its size no longer lowers its detail.
inline constexpr int full_detail_side = 96;

/// In grey levels, >= 0: the mean absolute difference between neighbouring cells of `grey`
/// (CV_8UC1) resampled to 32 x 32 cells, times min(1, shorter side / full_detail_side). A
/// blank page is near 0, a photo 5 to 20; a small picture is low because few samples carry what it
/// shows. Any thread.
float detail_of(const LanczosSource& grey, cv::Size size);

}  // namespace imgdedup::hashing
