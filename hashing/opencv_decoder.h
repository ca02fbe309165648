// SPDX-License-Identifier: Apache-2.0
// PNG, WebP, TIFF, BMP, PNM and JPEG 2000 through OpenCV.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <opencv2/core/mat.hpp>

#include "hashing/image_header.h"
#include "hashing/measure.h"
#include "hashing/outcome.h"

namespace imgdedup::hashing {

/// Decodes as stored: orientation is not applied, samples and alpha are kept. CV_8U or CV_16U with
/// 1, 3 (BGR) or 4 (BGRA) channels, of exactly the size that `header` says. `header` must be
/// read_header()'s word on `file`, of any format but JPEG. A decoder that fails is `damaged`, one
/// out of memory `out_of_memory`, other sample types are `unsupported`. Never throws cv::Exception.
/// Any thread.
Outcome<cv::Mat> decode_with_opencv(Bytes file, const ImageHeader& header);

/// A copy of `file`, a TIFF, whose orientation tag at `value_offset` says "normal"; a plain copy if
/// that lies outside. For decoders that turn pictures whatever they are asked.
std::vector<std::uint8_t> with_normal_orientation(Bytes file, std::size_t value_offset);

}  // namespace imgdedup::hashing
