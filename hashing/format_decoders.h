// SPDX-License-Identifier: Apache-2.0
// The decoder of each format that neither jpeg_decoder nor opencv_decoder reads.
#pragma once

#include <optional>

#include <opencv2/core/mat.hpp>

#include "hashing/image_header.h"
#include "hashing/jpeg_decoder.h"
#include "hashing/measure.h"
#include "hashing/outcome.h"
#include "hashing/row_sink.h"

namespace imgdedup::hashing {

// Of all: `header` must be read_header()'s word on `file`. The picture is CV_8U or CV_16U with 1, 3
// (BGR) or 4 (BGRA, straight alpha) channels, of exactly the size that `header` says, as stored:
// `header.orientation` is not applied yet. Colour profiles are ignored unless said otherwise.
// `incomplete`, `damaged`, `unsupported`, `over_limit` and `out_of_memory` are refusals; may throw
// what derives from std::exception when memory runs out. No file is opened. Any thread.

// These give `sink` row after row and never hold the picture; what they return is why not all of it
// was given. A sink that was given a part of a picture is of no further use.

/// The rows of an interlaced file come in seven passes.
std::optional<matching::Refusal> give_png(Bytes file, const ImageHeader& header, RowSink& sink);

/// The first picture of a GIF on its canvas; transparent where it covers nothing.
std::optional<matching::Refusal> give_gif(Bytes file, const ImageHeader& header, RowSink& sink);

/// The first frame of an animated WebP on its canvas; transparent where it covers nothing. Holds
/// the frame, not the canvas.
std::optional<matching::Refusal> give_webp_animation(Bytes file, const ImageHeader& header,
                                                     RowSink& sink);

/// The largest picture of a Windows icon or cursor, the one with most colours of equal ones.
std::optional<matching::Refusal> give_icon(Bytes file, const ImageHeader& header, RowSink& sink);

/// The embedded preview of a camera raw file. A JPEG preview is decoded at `scale`, as give_jpeg
/// does; other previews, which the file holds as samples, are given in full.
std::optional<matching::Refusal> give_raw(Bytes file, const ImageHeader& header, JpegColour colour,
                                          JpegScale scale, RowSink& sink);

/// A JPEG of 12 bits a sample: CV_16U, at most 4095.
std::optional<matching::Refusal> give_jpeg12(Bytes file, const ImageHeader& header, RowSink& sink);

/// PFM: CV_16U. 1 is white, or the largest sample if that is more.
std::optional<matching::Refusal> give_pfm(Bytes file, const ImageHeader& header, RowSink& sink);

/// "The Quite OK Image Format", specification 1.0, 2022.
std::optional<matching::Refusal> give_qoi(Bytes file, const ImageHeader& header, RowSink& sink);

/// rasterfile(5) of SunOS: 1, 8, 24 and 32 bits, plain and run-length coded.
std::optional<matching::Refusal> give_sun_raster(Bytes file, const ImageHeader& header,
                                                 RowSink& sink);

// These have libraries that want all of the picture in memory.

/// What read_tiff_header() marks as TiffDecoder::libtiff: 2 and 4 bits a sample, and CMYK of 16.
Outcome<cv::Mat> decode_tiff(Bytes file, const ImageHeader& header);

/// The primary picture of a HEIF or AVIF file, clean aperture, rotation and mirroring of the
/// container applied (`header.orientation` is always normal).
Outcome<cv::Mat> decode_heif(Bytes file, const ImageHeader& header);

/// The first frame of a JPEG XL, orientation applied; lossy (XYB) pictures as sRGB, others in the
/// colours of their profile.
Outcome<cv::Mat> decode_jpegxl(Bytes file, const ImageHeader& header);

}  // namespace imgdedup::hashing
