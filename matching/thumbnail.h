// SPDX-License-Identifier: Apache-2.0
// A picture made small, to be shown to people.
#pragma once

#include <cstdint>
#include <vector>

namespace imgdedup::matching {

/// A picture as shown (turned as its orientation says, on white where it is transparent), reduced
/// in both directions alike.
struct Thumbnail {
  std::uint32_t width_pixels = 0;  ///< >= 1
  std::uint32_t height_pixels = 0;
  std::uint32_t picture_width_pixels = 0;  ///< of the whole picture, as shown
  std::uint32_t picture_height_pixels = 0;
  std::vector<std::uint8_t> bgr;  ///< 3 * width_pixels * height_pixels: rows from the top, no gaps

  bool operator==(const Thumbnail&) const = default;
};

}  // namespace imgdedup::matching
