// SPDX-License-Identifier: Apache-2.0
// The header parser of each format. Each has seen the format's signature; none checks limits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "hashing/image_header.h"

namespace imgdedup::hashing {

/// Walks the markers up to the end of image. ISO/IEC 10918-1, annex B.
Outcome<ImageHeader> read_jpeg_header(Bytes file);
/// Walks the chunks up to IEND. W3C PNG (Third Edition), section 5; checksums are left to the
/// decoder, which checks those of every critical chunk.
Outcome<ImageHeader> read_png_header(Bytes file);
/// RFC 9649, RFC 6386 section 9.1.
Outcome<ImageHeader> read_webp_header(Bytes file);
/// TIFF 6.0 and BigTIFF. The first directory.
Outcome<ImageHeader> read_tiff_header(Bytes file);
/// All of the bitmap headers from OS/2 1.x to BITMAPV5HEADER.
Outcome<ImageHeader> read_bmp_header(Bytes file);
/// Where the parts of a bitmap that is not run-length coded lie, in bytes.
struct BmpLayout {
  std::uint64_t rows = 0;
  std::uint64_t row_bytes = 0;
  bool lowest_first = true;
  std::size_t height = 0;  ///< of the picture, a little-endian number of height_bytes
  std::size_t height_bytes = 4;
};
/// Of a file that read_bmp_header() has accepted; nothing also where colours lie behind the rows.
std::optional<BmpLayout> bmp_layout_of(Bytes file, const ImageHeader& header);
/// netpbm's pbm(5), pgm(5), ppm(5).
Outcome<ImageHeader> read_pnm_header(Bytes file);
/// Where the rows of a PNM file whose samples are not text lie, in bytes.
struct PnmLayout {
  std::uint64_t rows = 0;
  std::uint64_t row_bytes = 0;
  std::optional<std::uint32_t> max_sample;  ///< nothing of a bitmap
};
/// Of a file that read_pnm_header() has accepted.
std::optional<PnmLayout> pnm_layout_of(Bytes file, const ImageHeader& header);
/// Whether a PNM file is of the PFM kind, whose samples are floating-point numbers.
inline bool is_pfm(Bytes file) { return (file[1] | 0x20) == 'f'; }
Outcome<ImageHeader> read_pfm_header(Bytes file);
/// ISO/IEC 15444-1, annexes A and I: a JP2 file or a bare codestream.
Outcome<ImageHeader> read_jpeg2000_header(Bytes file);
/// CompuServe's GIF87a and GIF89a: the canvas, made larger where the first picture leaves it.
Outcome<ImageHeader> read_gif_header(Bytes file);
/// A Windows icon or cursor: the picture that decode_icon() decodes.
Outcome<ImageHeader> read_icon_header(Bytes file);
/// "The Quite OK Image Format", specification 1.0, 2022.
Outcome<ImageHeader> read_qoi_header(Bytes file);
/// rasterfile(5) of SunOS.
Outcome<ImageHeader> read_sun_raster_header(Bytes file);

/// Whether a file that begins as a TIFF is camera raw: DNG, NEF, ARW and others.
bool is_camera_raw_in_tiff(Bytes file);

// These ask the library that decodes the format, and throw std::bad_alloc when memory runs out.

/// ISO/IEC 23008-12, also for AVIF: the primary picture as shown, turned by the container alone;
/// an EXIF orientation in it says the same once more and is ignored, as the standard asks.
Outcome<ImageHeader> read_heif_header(Bytes file);
/// ISO/IEC 18181, the bare codestream or in its container: as shown.
Outcome<ImageHeader> read_jpegxl_header(Bytes file);
/// The header of the embedded preview.
Outcome<ImageHeader> read_raw_header(Bytes file);

}  // namespace imgdedup::hashing
