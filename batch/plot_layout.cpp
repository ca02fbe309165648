// SPDX-License-Identifier: Apache-2.0
// Where everything in a plot lies.
#include "batch/plot_layout.h"

#include <algorithm>

namespace imgdedup::batch {
namespace {

constexpr int margin = 24;
constexpr int gap = 24;
constexpr int line_height = 20;
constexpr int line_gap = 2;
constexpr int space_below_picture = 6;
constexpr int heading_height = 28;
/// A row of flat pictures is not flatter: its captions would seem to belong to the row above.
constexpr int least_row_height = 48;

/// A cell `width` wide at (x, y), its picture in a box `picture_height` high.
PlotCell cell_at(int x, int y, int width, int picture_height, Size picture,
                 std::size_t line_count) {
  PlotCell cell;
  cell.picture = {x + (width - picture.width) / 2, y + (picture_height - picture.height) / 2,
                  picture.width, picture.height};
  int line_y = y + picture_height + space_below_picture;
  for (std::size_t i = 0; i < line_count; ++i, line_y += line_height + line_gap)
    cell.lines.push_back({x, line_y, width, line_height});
  return cell;
}

int bottom_of(const PlotCell& cell, int picture_bottom) {
  return cell.lines.empty() ? picture_bottom : cell.lines.back().bottom();
}

}  // namespace

PlotLayout plot_layout(Size original, std::span<const Size> duplicates, std::size_t line_count) {
  // Two columns at least, so that there is room for the original's name.
  const auto columns =
      static_cast<int>(std::clamp<std::size_t>(duplicates.size(), 2, plot_columns));
  const int inner_width = columns * plot_picture_side_pixels + (columns - 1) * gap;
  PlotLayout layout;
  layout.canvas.width = inner_width + 2 * margin;

  int y = margin;
  const int original_height = std::max(original.height, least_row_height);
  layout.original = cell_at(margin, y, inner_width, original_height, original, line_count);
  y = bottom_of(layout.original, y + original_height) + gap;
  layout.heading = {margin, y, inner_width, heading_height};
  y = layout.heading.bottom() + gap / 2;

  for (std::size_t first = 0; first < duplicates.size(); first += plot_columns) {
    const auto row = duplicates.subspan(first, std::min(plot_columns, duplicates.size() - first));
    const int tallest = std::ranges::max(row, {}, &Size::height).height;
    const int picture_height = std::max(tallest, least_row_height);
    // A single duplicate stands below the original, in the middle as that.
    int x = duplicates.size() == 1 ? margin + (plot_picture_side_pixels + gap) / 2 : margin;
    for (const Size picture : row) {
      layout.duplicates.push_back(
          cell_at(x, y, plot_picture_side_pixels, picture_height, picture, line_count));
      x += plot_picture_side_pixels + gap;
    }
    y = bottom_of(layout.duplicates.back(), y + picture_height) + gap;
  }
  layout.canvas.height = y - gap + margin;
  return layout;
}

}  // namespace imgdedup::batch
