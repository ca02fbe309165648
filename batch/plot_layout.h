// SPDX-License-Identifier: Apache-2.0
// Where everything in a plot lies: the original on top, duplicates in rows of four.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "batch/geometry.h"

namespace imgdedup::batch {

/// The longer side of a picture in a plot is at most this.
inline constexpr int plot_picture_side_pixels = 256;
inline constexpr std::size_t plot_columns = 4;

/// A picture with the lines of text below it.
struct PlotCell {
  Rectangle picture;
  std::vector<Rectangle> lines;
};

struct PlotLayout {
  Size canvas;
  PlotCell original;
  Rectangle heading;  ///< a line between the original and the duplicates
  std::vector<PlotCell> duplicates;
};

/// original, duplicates: sizes of the pictures as drawn, sides of 1..plot_picture_side_pixels.
/// line_count: of text below each. No two of the rectangles touch, all lie inside the canvas.
/// Pictures are as large as given, in the middle of their cell.
PlotLayout plot_layout(Size original, std::span<const Size> duplicates, std::size_t line_count);

}  // namespace imgdedup::batch
