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

/// Whether what is measured is all that the file shows. Of a camera raw file it is the preview, of
/// an icon one of several sizes: such a file is never said to have the same pixels as another.
enum class Coverage : std::uint8_t { whole, part };

/// Who decodes a TIFF.
enum class TiffDecoder : std::uint8_t { opencv, libtiff };

struct ImageHeader {
  matching::ImageFormat format = matching::ImageFormat::jpeg;
  std::uint32_t width = 0;   ///< as stored, >= 1, pixels
  std::uint32_t height = 0;  ///< as stored, >= 1, pixels
  Orientation orientation = Orientation::normal;
  /// Largest value of a sample where samples have more than 8 bits; scales them to 8.
  std::uint32_t max_sample = 65'535;
  /// Pages of a TIFF, frames of an animation, pictures of a HEIF. Only the first one (of a HEIF the
  /// primary one) is measured.
  PictureCount pictures = PictureCount::one;
  Coverage coverage = Coverage::whole;
  /// Pixels that have to be decoded where they are more than width times height.
  std::uint64_t coded_pixels = 0;
  /// Memory that a library takes which holds all of the picture while it decodes it, by what was
  /// measured: bytes a pixel, and bytes beside these. See decoding_bytes().
  std::uint32_t decoder_bytes_a_pixel = 0;
  std::uint64_t decoder_bytes = 0;
  std::uint32_t jpeg_bits = 8;  ///< of a sample: 8 or 12
  std::uint32_t jpeg_scans = 0;
  TiffDecoder tiff_decoder = TiffDecoder::opencv;
  /// Where a TIFF keeps the value of its orientation tag; 0: nowhere. See opencv_decoder.
  std::size_t orientation_value_offset = 0;

  [[nodiscard]] bool turned() const { return swaps_sides(orientation); }
  [[nodiscard]] std::uint32_t shown_width() const { return turned() ? height : width; }
  [[nodiscard]] std::uint32_t shown_height() const { return turned() ? width : height; }
};

/// Recognises the file, parses its header (with our own bounded parsers, but for HEIF, JPEG XL and
/// camera raw, whose libraries are asked too), and holds it against the limits. Also says whether
/// the file ends too early, as far as its structure tells without decoding: JPEG to its end marker,
/// PNG to IEND, WebP by its RIFF size, BMP, PNM and Sun raster by the size of their data, TIFF and
/// camera raw by their strips and tiles, JPEG 2000 by its tile parts, GIF to its trailer, QOI to
/// its end marker, icons by their directory, HEIF and JPEG XL by their boxes (more of these is
/// known to the decoder only). Bytes after the end are fine. Throws std::bad_alloc and its like
/// only, when memory runs out. Any thread.
Outcome<ImageHeader> read_header(Bytes file, const DecodeLimits& limits);

}  // namespace imgdedup::hashing
