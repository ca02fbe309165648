// SPDX-License-Identifier: Apache-2.0
// A white sheet on which pictures and lines of text are drawn: Cairo and Pango, owned.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "batch/geometry.h"
#include "matching/thumbnail.h"

namespace imgdedup::batch {

struct Colour {
  std::uint8_t red = 0;
  std::uint8_t green = 0;
  std::uint8_t blue = 0;
};

enum class Weight : std::uint8_t { regular, bold };
enum class Alignment : std::uint8_t { left, centre };

struct TextStyle {
  int size_pixels = 13;  ///< of the font
  Weight weight = Weight::regular;
  Colour colour = {};
  Alignment alignment = Alignment::left;
};

/// One thread only. What is outside the sheet is not drawn.
class Canvas {
 public:
  static constexpr int max_side_pixels = 32'000;

  /// size: sides of 1..max_side_pixels. Throws std::runtime_error when there is no memory for it.
  explicit Canvas(Size size);
  ~Canvas();
  Canvas(const Canvas&) = delete;
  Canvas& operator=(const Canvas&) = delete;

  void fill(Rectangle area, Colour colour);
  /// A line of one pixel around `area`, outside it.
  void outline(Rectangle area, Colour colour);
  /// With its upper left corner at (x, y), pixel for pixel.
  void draw(const matching::Thumbnail& picture, int x, int y);
  /// One line of UTF-8, in the installed fonts that have its characters; shortened in the middle
  /// where it is too long; never outside `box`.
  void write(const std::string& text, Rectangle box, const TextStyle& style);

  [[nodiscard]] Size size() const { return size_; }
  /// Rows from the top, each pixel as blue, green, red and a byte without meaning; row_bytes() from
  /// one row to the next. Until the next call of another function.
  [[nodiscard]] std::span<const std::uint8_t> pixels() const;
  [[nodiscard]] std::size_t row_bytes() const;
  /// Throws std::runtime_error.
  [[nodiscard]] std::vector<std::uint8_t> to_png() const;

 private:
  struct Drawing;
  Size size_;
  std::unique_ptr<Drawing> drawing_;
};

}  // namespace imgdedup::batch
