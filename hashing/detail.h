// SPDX-License-Identifier: Apache-2.0
// How much of a picture there is to judge by.
#pragma once

#include <opencv2/core/types.hpp>

#include "hashing/lanczos.h"

namespace imgdedup::hashing {

/// Edge of the picture, in pixels, from which on its size no longer lowers its detail.
inline constexpr int full_detail_side = 96;

/// In grey levels, 0..16: the mean absolute difference, each counted as 16 at most, between
/// neighbouring cells of `grey` (one channel, of size `size`) resampled to 32 x 32 cells, times
/// min(1, shorter side / full_detail_side). A blank page is near 0, a flag 1, a photo 3 to 12; a
/// small picture is low because few samples carry what it shows. Any thread.
float detail_of(const LanczosSource& grey, cv::Size size);

}  // namespace imgdedup::hashing
