// SPDX-License-Identifier: Apache-2.0
// The preview that a camera raw file carries, taken out by libraw.
#pragma once

#include <cstdint>
#include <vector>

#include "hashing/image_header.h"

namespace imgdedup::hashing {

struct RawPreview {
  enum class Kind : std::uint8_t { jpeg, samples };

  Kind kind = Kind::jpeg;
  std::vector<std::uint8_t> bytes;  ///< a JPEG file, or rows of samples of 8 bits, red first
  int channels = 3;                 ///< of samples: 1 or 3
  /// Of the preview, with the one orientation that it is shown with: its own, or that of the raw
  /// picture unless it was turned already.
  ImageHeader header;
};

/// The largest preview of `file`. `unsupported` without a preview or of a camera that libraw does
/// not know, `incomplete` if the raw picture is not whole, though it is not what is looked at.
Outcome<RawPreview> read_raw_preview(Bytes file);

}  // namespace imgdedup::hashing
