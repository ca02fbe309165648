// SPDX-License-Identifier: Apache-2.0
// The pictures that a Windows icon or cursor holds, and the one that stands for it.
#pragma once

#include <cstdint>

#include "hashing/image_header.h"

namespace imgdedup::hashing {

struct IconPicture {
  enum class Kind : std::uint8_t { png, bitmap };

  Bytes bytes;  ///< from its own header to the end of the file
  Kind kind = Kind::bitmap;
  std::uint32_t bits = 0;  ///< a pixel, of a bitmap: 1, 4, 8, 16, 24 or 32; 32 of a PNG
  ImageHeader header;      ///< of the picture itself
};

/// The largest picture of `file`, which begins as an icon; of equal ones the one with most bits.
Outcome<IconPicture> largest_icon_picture(Bytes file);

/// Where the parts of a bitmap in an icon lie, from its own header on, in bytes.
struct IconBitmapLayout {
  std::uint64_t palette = 0;
  std::uint64_t colours = 0;  ///< entries of the palette, 4 bytes each: blue, green, red, 0
  std::uint64_t rows = 0;     ///< the lowest row first
  std::uint64_t row_bytes = 0;
  std::uint64_t mask = 0;  ///< one bit a pixel: 1 is transparent
  std::uint64_t mask_row_bytes = 0;
};
IconBitmapLayout layout_of(const IconPicture& bitmap);

}  // namespace imgdedup::hashing
