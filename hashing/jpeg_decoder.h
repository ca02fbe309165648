// SPDX-License-Identifier: Apache-2.0
// JPEG through libjpeg-turbo, scaled while decoding, with every warning taken seriously.
#pragma once

#include <cstdint>
#include <optional>

#include "hashing/measure.h"
#include "hashing/outcome.h"
#include "hashing/row_sink.h"

namespace imgdedup::hashing {

enum class JpegColour : std::uint8_t {
  grey,  ///< CV_8UC1: the luma as stored; of CMYK it is CV_8UC3
  bgr,   ///< CV_8UC3
};

struct JpegScale {
  int denominator = 1;  ///< 1, 2, 4 or 8; a side of n becomes ceil(n / denominator)
};

/// Gives `sink` the rows as stored (orientation is not applied), decoded with libjpeg-turbo's
/// defaults (accurate integer DCT, smooth chroma upsampling), which are Pillow's too. CMYK and YCCK
/// are read as Adobe writes them, inverted. `max_scans`: how many scans the header walk found; more
/// of them is an error. Any warning that concerns the picture data makes the file `damaged`, one
/// about its end `incomplete`; kinds that libjpeg-turbo does not read are `unsupported`. May throw
/// std::bad_alloc or cv::Exception when memory runs out. Any thread.
std::optional<matching::Refusal> give_jpeg(Bytes file, JpegColour colour, JpegScale scale,
                                           std::uint32_t max_scans, RowSink& sink);

}  // namespace imgdedup::hashing
