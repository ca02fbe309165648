// SPDX-License-Identifier: Apache-2.0
// What a file's own headers say about its picture, read before any decoder sees the file.
#pragma once

#include <cstdint>

#include "hashing/measure.h"
#include "hashing/orientation.h"
#include "hashing/outcome.h"

namespace imgdedup::hashing {

/// Longest side that any picture may have, in pixels.
inline constexpr std::uint32_t max_side_pixels = 65'535;
/// Scans that a JPEG may have: real ones have about ten, a "scan bomb" thousands.
inline constexpr std::uint32_t max_jpeg_scans = 256;
/// Scans times pixels that a JPEG may need; bounds the time of a scan bomb to a few seconds.
inline constexpr std::uint64_t max_jpeg_scan_pixels = 20'000'000'000;

enum class PictureCount : std::uint8_t { one, several };

struct ImageHeader {
  matching::ImageFormat format = matching::ImageFormat::jpeg;
  std::uint32_t width = 0;   ///< as stored, >= 1, pixels
  std::uint32_t height = 0;  ///< as stored, >= 1, pixels
  Orientation orientation = Orientation::normal;
  /// Largest value of a sample where samples have more than 8 bits; scales them to 8.
  std::uint32_t max_sample = 65'535;
  /// Pages of a TIFF, frames of an animated PNG. Only the first picture is measured.
  PictureCount pictures = PictureCount::one;
  std::uint32_t jpeg_scans = 0;
  /// Where a TIFF keeps the value of its orientation tag; 0: nowhere. See opencv_decoder.
  std::size_t orientation_value_offset = 0;

  [[nodiscard]] bool turned() const { return swaps_sides(orientation); }
  [[nodiscard]] std::uint32_t shown_width() const { return turned() ? height : width; }
  [[nodiscard]] std::uint32_t shown_height() const { return turned() ? width : height; }
};

/// Recognises the file, parses its header with our own bounded parsers, and holds it against the
/// limits. Also says whether the file ends too early, as far as its structure tells without
/// decoding: JPEG to its end marker, PNG to IEND, WebP by its RIFF size, BMP and PNM by the size of
/// their data, TIFF by its strips and tiles, JPEG 2000 by its tile parts. Bytes after the end are
/// fine. Any thread; never throws.
Outcome<ImageHeader> read_header(Bytes file, const DecodeLimits& limits);

}  // namespace imgdedup::hashing
