// SPDX-License-Identifier: Apache-2.0
// The bytes of one image -> a small picture for people.
#pragma once

#include <cstdint>
#include <variant>

#include "hashing/measure.h"
#include "matching/thumbnail.h"

namespace imgdedup::hashing {

/// Decodes `file` at the smallest sufficient scale and reduces it so that its longer side has
/// `side_pixels` (>= 1); a smaller picture keeps its size. The shorter side has at least one pixel.
/// Bad input is a Refusal, as with measure_image(). Any thread.
std::variant<matching::Thumbnail, matching::Refusal> make_thumbnail(Bytes file,
                                                                    std::uint32_t side_pixels,
                                                                    const DecodeLimits& limits);

}  // namespace imgdedup::hashing
