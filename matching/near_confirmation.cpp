// SPDX-License-Identifier: Apache-2.0
// Whether two pictures whose hashes are close are really one picture.
#include "matching/near_confirmation.h"

#include <algorithm>

namespace imgdedup::matching {
namespace {

// What was seen on either side of each, and on which pictures: docs/accuracy.md.
constexpr float min_detail = 2.4F;
/// In a picture with less, what is drawn or written in one place may be all that it is about.
constexpr float little_detail = 3.0F;
constexpr double min_ssim = 0.90;
constexpr double min_tile_ssim = 0.80;
constexpr double max_colour_difference = 30;
constexpr double max_aspect_ratio_quotient = 1.1;
// A picture squeezed to another aspect has to agree better: its shape is no evidence any more.
constexpr double max_squeezed_aspect_ratio_quotient = 3.0;
constexpr double min_strict_tile_ssim = 0.90;

bool is_squeezed(const Comparison& comparison) {
  return comparison.aspect_ratio_quotient > max_aspect_ratio_quotient;
}

bool all_pass(const std::array<MeasureCheck, 4>& checks) {
  return std::all_of(checks.begin(), checks.end(),
                     [](const MeasureCheck& check) { return check.passes(); });
}

std::array<MeasureCheck, 4> checks_of(const Comparison& comparison, double min_tile) {
  return {
      {{"ssim", comparison.ssim, Bound::at_least, min_ssim},
       {"lowest_tile_ssim", comparison.lowest_tile_ssim, Bound::at_least, min_tile},
       {"aspect_ratio_quotient", comparison.aspect_ratio_quotient, Bound::at_most,
        max_squeezed_aspect_ratio_quotient},
       {"colour_difference", comparison.colour_difference, Bound::at_most, max_colour_difference}}};
}

}  // namespace

std::string_view name_of(Bound bound) { return bound == Bound::at_least ? "at-least" : "at-most"; }

MeasureCheck detail_check(const Fingerprint& picture) {
  return {"detail", double{picture.detail}, Bound::at_least, double{min_detail}};
}

bool has_enough_detail(const Fingerprint& picture) { return detail_check(picture).passes(); }

std::string_view stricter_tiles(const Comparison& comparison, const Fingerprint& left,
                                const Fingerprint& right) {
  if (is_squeezed(comparison)) return "the shapes differ";
  if (std::min(left.detail, right.detail) < little_detail) return "there is little detail";
  return "";
}

std::array<MeasureCheck, 4> near_checks(const Comparison& comparison, const Fingerprint& left,
                                        const Fingerprint& right) {
  const bool is_strict = !stricter_tiles(comparison, left, right).empty();
  return checks_of(comparison, is_strict ? min_strict_tile_ssim : min_tile_ssim);
}

bool confirms_near(const Comparison& comparison, const Fingerprint& left,
                   const Fingerprint& right) {
  return has_enough_detail(left) && has_enough_detail(right) &&
         all_pass(near_checks(comparison, left, right));
}

bool confirms_near_at_any_detail(const Comparison& comparison) {
  return all_pass(checks_of(comparison, min_strict_tile_ssim));
}

}  // namespace imgdedup::matching
