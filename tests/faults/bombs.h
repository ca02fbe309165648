// SPDX-License-Identifier: Apache-2.0
// Small files that ask a decoder for much memory or time.
#pragma once

#include <cstdint>
#include <string>

#include "support/drawn_pictures.h"
#include "support/encoded_formats.h"

namespace imgdedup::testing {

/// A PNG file of 1 pixel whose header says `size`.
std::string png_that_says(PictureSize size);
/// A whole, flat PNG of that size: black, transparent where there is alpha. channels: 1, 3 or 4.
std::string flat_png(PictureSize size, int channels, int bits, PngRows rows = PngRows::in_order);
/// The header of a PPM of that size; what follows may be a hole.
std::string ppm_header(PictureSize size);
/// A whole, flat grey JPEG of that size: two bits a block.
std::string flat_jpeg(PictureSize size);
/// A whole, flat grey progressive JPEG with so many scans.
std::string jpeg_of_scans(PictureSize size, int scans);
/// A GIF whose canvas is that large and whose picture is one pixel.
std::string gif_of_canvas(PictureSize size);

}  // namespace imgdedup::testing
