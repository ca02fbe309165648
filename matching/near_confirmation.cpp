// SPDX-License-Identifier: Apache-2.0
// Whether two pictures whose hashes are close are really one picture.
#include "matching/near_confirmation.h"

namespace imgdedup::matching {
namespace {

// What was seen on either side of each, and on which pictures: docs/accuracy.md.
constexpr float min_detail = 2.4F;
constexpr double min_ssim = 0.90;
constexpr double min_tile_ssim = 0.80;
constexpr double max_colour_difference = 30;
constexpr double max_aspect_ratio_quotient = 1.1;
// A picture squeezed to another aspect has to agree better: its shape is no evidence any more.
constexpr double max_squeezed_aspect_ratio_quotient = 2.0;
constexpr double min_squeezed_tile_ssim = 0.90;

}  // namespace

bool has_enough_detail(const Fingerprint& picture) { return picture.detail >= min_detail; }

bool confirms_near(const Comparison& comparison) {
  const bool is_squeezed = comparison.aspect_ratio_quotient > max_aspect_ratio_quotient;
  return comparison.ssim >= min_ssim &&
         comparison.lowest_tile_ssim >= (is_squeezed ? min_squeezed_tile_ssim : min_tile_ssim) &&
         comparison.colour_difference <= max_colour_difference &&
         comparison.aspect_ratio_quotient <= max_squeezed_aspect_ratio_quotient;
}

}  // namespace imgdedup::matching
