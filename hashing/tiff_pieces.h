// SPDX-License-Identifier: Apache-2.0
// Whether the strips and tiles that a TIFF directory names are in the file.
#pragma once

#include <optional>

#include "hashing/outcome.h"
#include "hashing/tiff_directory.h"

namespace imgdedup::hashing {

/// `incomplete` unless every strip, tile and old-style JPEG stream of `directory` ends within
/// `file_bytes`.
std::optional<matching::Refusal> refuse_missing_pieces(const TiffDirectory& directory,
                                                       std::uint64_t file_bytes);

}  // namespace imgdedup::hashing
