// SPDX-License-Identifier: Apache-2.0
// Whether two pictures whose hashes are close are really one picture.
#include "matching/near_confirmation.h"

#include <algorithm>

namespace imgdedup::matching {
namespace {

// What was seen on either side of each, and on which pictures: docs/accuracy.md.
constexpr float min_detail = 2.4F;
constexpr double min_ssim = 0.90;
constexpr double min_tile_ssim = 0.80;
constexpr double max_colour_difference = 30;
constexpr double max_aspect_ratio_quotient = 1.1;
// A picture squeezed to another aspect has to agree better: its shape is no evidence any more.
constexpr double max_squeezed_aspect_ratio_quotient = 3.0;
constexpr double min_squeezed_tile_ssim = 0.90;

}  // namespace

std::string_view name_of(Bound bound) { return bound == Bound::at_least ? "at-least" : "at-most"; }

MeasureCheck detail_check(const Fingerprint& picture) {
  return {"detail", double{picture.detail}, Bound::at_least, double{min_detail}};
}

bool has_enough_detail(const Fingerprint& picture) { return detail_check(picture).passes(); }

bool is_squeezed(const Comparison& comparison) {
  return comparison.aspect_ratio_quotient > max_aspect_ratio_quotient;
}

std::array<MeasureCheck, 4> near_checks(const Comparison& comparison) {
  return {
      {{"ssim", comparison.ssim, Bound::at_least, min_ssim},
       {"lowest_tile_ssim", comparison.lowest_tile_ssim, Bound::at_least,
        is_squeezed(comparison) ? min_squeezed_tile_ssim : min_tile_ssim},
       {"aspect_ratio_quotient", comparison.aspect_ratio_quotient, Bound::at_most,
        max_squeezed_aspect_ratio_quotient},
       {"colour_difference", comparison.colour_difference, Bound::at_most, max_colour_difference}}};
}

bool confirms_near(const Comparison& comparison) {
  const auto checks = near_checks(comparison);
  return std::all_of(checks.begin(), checks.end(),
                     [](const MeasureCheck& check) { return check.passes(); });
}

}  // namespace imgdedup::matching
