// SPDX-License-Identifier: Apache-2.0
// Sizes and rectangles of a drawing, in pixels from its upper left corner.
#pragma once

namespace imgdedup::batch {

struct Size {
  int width = 0;
  int height = 0;

  bool operator==(const Size&) const = default;
};

struct Rectangle {
  int x = 0;
  int y = 0;
  int width = 0;
  int height = 0;

  [[nodiscard]] int right() const { return x + width; }
  [[nodiscard]] int bottom() const { return y + height; }
  bool operator==(const Rectangle&) const = default;
};

}  // namespace imgdedup::batch
