// SPDX-License-Identifier: Apache-2.0
// What a picture looks like, as numbers: near for pictures that people find alike.
#pragma once

#include <array>
#include <cstddef>

#include "matching/thumbnail.h"

namespace imgdedup::batch {

inline constexpr std::size_t appearance_dimensions = 8 * 8 * 3 + 4 * 4 * 4;
using Appearance = std::array<float, appearance_dimensions>;

/// Where which colour is, and how much there is of each, both after ITU-R BT.601 as luma and two
/// colour differences: the means of 8 x 8 cells, which a different size or compression hardly
/// changes; and the square roots of a histogram of 4 x 4 x 4 bins, in which a pixel counts for the
/// bins around it, which crops, turns and mirrors hardly change. Compared by Euclidean distance.
/// picture: any, its size matters little from 32 pixels a side on.
Appearance appearance_of(const matching::Thumbnail& picture);

}  // namespace imgdedup::batch
