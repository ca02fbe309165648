// SPDX-License-Identifier: Apache-2.0
// How a stored picture is to be turned to be shown: the EXIF and TIFF orientation tag.
#pragma once

#include <cstdint>
#include <optional>

#include <opencv2/core/mat.hpp>

#include "hashing/measure.h"

namespace imgdedup::hashing {

/// The values of TIFF tag 274: where the stored first row and first column are shown.
enum class Orientation : std::uint8_t {
  normal = 1,
  mirrored = 2,
  turned_half = 3,
  flipped = 4,
  transposed = 5,
  turned_right = 6,
  transversed = 7,
  turned_left = 8,
};

constexpr bool swaps_sides(Orientation orientation) {
  return orientation >= Orientation::transposed;
}

/// 1..8 as the tag has it; anything else is `normal`, as viewers have it.
constexpr Orientation orientation_from_tag(std::uint32_t value) {
  return value >= 1 && value <= 8 ? static_cast<Orientation>(value) : Orientation::normal;
}

/// The orientation that an EXIF block names in its first directory; empty if the block is broken
/// or does not say. `exif` begins with the TIFF byte order mark, or with "Exif\0\0" before it.
std::optional<Orientation> orientation_of_exif(Bytes exif);

/// The picture as shown. Any type of samples; may share memory with `stored`.
cv::Mat apply_orientation(const cv::Mat& stored, Orientation orientation);

}  // namespace imgdedup::hashing
