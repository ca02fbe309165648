// SPDX-License-Identifier: Apache-2.0
// Where the thumbnails of a map lie.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "batch/geometry.h"
#include "batch/quadtree.h"

namespace imgdedup::batch {

/// What a thumbnail's longer side has in a map of at most so many pictures: 100, less where the
/// largest canvas would be too small for that, but not below 8.
int map_tile_side(std::size_t picture_count);

/// Of the square canvas for so many pictures with tiles of that size: 1,000..8,000.
int map_canvas_side(std::size_t picture_count, int tile_side_pixels);

/// One rectangle a place, inside the canvas, of the size given for it: `places` stretched to fill
/// the canvas, then pushed apart so that none covers another (some may, where the largest canvas is
/// too small for so many). sizes: sides of 1..100. The same for the same arguments.
std::vector<Rectangle> map_layout(std::span<const Point> places, std::span<const Size> sizes,
                                  int canvas_side_pixels);

}  // namespace imgdedup::batch
