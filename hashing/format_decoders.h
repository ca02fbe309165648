// SPDX-License-Identifier: Apache-2.0
// The decoder of each format that neither jpeg_decoder nor opencv_decoder reads.
#pragma once

#include <opencv2/core/mat.hpp>

#include "hashing/image_header.h"
#include "hashing/jpeg_decoder.h"
#include "hashing/measure.h"
#include "hashing/outcome.h"

namespace imgdedup::hashing {

// Of all: `header` must be read_header()'s word on `file`. The picture is CV_8U or CV_16U with 1, 3
// (BGR) or 4 (BGRA, straight alpha) channels, of exactly the size that `header` says, as stored:
// `header.orientation` is not applied yet. Colour profiles are ignored unless said otherwise.
// `incomplete`, `damaged`, `unsupported`, `over_limit` and `out_of_memory` are refusals; may throw
// what derives from std::exception when memory runs out. No file is opened. Any thread.

/// The first picture of a GIF on its canvas; transparent where it covers nothing.
Outcome<cv::Mat> decode_gif(Bytes file, const ImageHeader& header);

/// The first frame of an animated WebP on its canvas; transparent where it covers nothing.
Outcome<cv::Mat> decode_webp_animation(Bytes file, const ImageHeader& header);

/// What read_tiff_header() marks as TiffDecoder::libtiff: 2 and 4 bits a sample, and CMYK of 16.
Outcome<cv::Mat> decode_tiff(Bytes file, const ImageHeader& header);

/// The largest picture of a Windows icon or cursor, the one with most colours of equal ones.
Outcome<cv::Mat> decode_icon(Bytes file, const ImageHeader& header);

/// The primary picture of a HEIF or AVIF file, clean aperture, rotation and mirroring of the
/// container applied (`header.orientation` is always normal).
Outcome<cv::Mat> decode_heif(Bytes file, const ImageHeader& header);

/// The first frame of a JPEG XL, orientation applied; lossy (XYB) pictures as sRGB, others in the
/// colours of their profile.
Outcome<cv::Mat> decode_jpegxl(Bytes file, const ImageHeader& header);

/// The embedded preview of a camera raw file. A JPEG preview is decoded at `scale`, as decode_jpeg
/// does; other previews are decoded in full.
Outcome<cv::Mat> decode_raw(Bytes file, const ImageHeader& header, JpegColour colour,
                            JpegScale scale);

/// A JPEG of 12 bits a sample: CV_16U, at most 4095.
Outcome<cv::Mat> decode_jpeg12(Bytes file, const ImageHeader& header);

/// PFM: CV_16U. 1 is white, or the largest sample if that is more.
Outcome<cv::Mat> decode_pfm(Bytes file, const ImageHeader& header);

/// "The Quite OK Image Format", specification 1.0, 2022.
Outcome<cv::Mat> decode_qoi(Bytes file, const ImageHeader& header);

/// rasterfile(5) of SunOS: 1, 8, 24 and 32 bits, plain and run-length coded.
Outcome<cv::Mat> decode_sun_raster(Bytes file, const ImageHeader& header);

}  // namespace imgdedup::hashing
