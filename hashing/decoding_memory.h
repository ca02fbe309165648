// SPDX-License-Identifier: Apache-2.0
// How much memory a picture takes while it is decoded, said before it is.
#pragma once

#include <cstdint>

#include "hashing/image_header.h"
#include "hashing/measure.h"
#include "hashing/outcome.h"

namespace imgdedup::hashing {

/// Bytes that decoding `file` takes at most beside the file itself, by what was measured of each
/// library (docs/security.md). `header` is read_header()'s word on it. Any thread.
std::uint64_t decoding_bytes(Bytes file, const ImageHeader& header);

/// read_header(), and over_limit where `limits.permits_memory` says no.
Outcome<ImageHeader> read_permitted_header(Bytes file, const DecodeLimits& limits);

}  // namespace imgdedup::hashing
