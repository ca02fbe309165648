// SPDX-License-Identifier: Apache-2.0
// The header parser of each format. Each has seen the format's signature; none checks limits.
#pragma once

#include "hashing/image_header.h"

namespace imgdedup::hashing {

/// Walks the markers up to the end of image. ISO/IEC 10918-1, annex B.
Outcome<ImageHeader> read_jpeg_header(Bytes file);
/// Walks the chunks up to IEND. W3C PNG (Third Edition), section 5; checksums are left to the
/// decoder, which checks those of every critical chunk.
Outcome<ImageHeader> read_png_header(Bytes file);
/// RFC 9649, RFC 6386 section 9.1.
Outcome<ImageHeader> read_webp_header(Bytes file);
/// TIFF 6.0. The first directory; refuses camera raw files.
Outcome<ImageHeader> read_tiff_header(Bytes file);
/// All of the bitmap headers from OS/2 1.x to BITMAPV5HEADER.
Outcome<ImageHeader> read_bmp_header(Bytes file);
/// netpbm's pbm(5), pgm(5), ppm(5).
Outcome<ImageHeader> read_pnm_header(Bytes file);
/// ISO/IEC 15444-1, annexes A and I: a JP2 file or a bare codestream.
Outcome<ImageHeader> read_jpeg2000_header(Bytes file);

}  // namespace imgdedup::hashing
