// SPDX-License-Identifier: Apache-2.0
// Whether two pictures that share something are really one picture, edited.
#include "matching/edited_confirmation.h"

#include <algorithm>

#include "matching/near_confirmation.h"

namespace imgdedup::matching {
namespace {

// What was seen on either side of each, and on which pictures: docs/accuracy.md.
constexpr float min_detail = 1.5F;
constexpr double min_common_detail = 0.45;
/// A picture that makes up less of another is a part of it, not the same picture.
constexpr double min_smaller_overlap = 0.125, min_larger_overlap = 0.5;
/// The smaller the part that is shared, the more has to speak for it.
constexpr double small_overlap = 0.19;
constexpr int min_inliers_of_small_overlap = 30;
constexpr double max_stretch = 2.1;
constexpr int min_inliers = 12;
constexpr double min_ssim = 0.75, min_detail_ssim = 0.65;
/// Frames of one scene and pages of one form stay below.
constexpr double min_fidelity = 0.65;
// Of two whole pictures, one turned, without features to go by.
constexpr double min_whole_overlap = 0.96, min_whole_ssim = 0.95, min_whole_tile_ssim = 0.8;

double smaller_overlap(const EditComparison& edit) {
  return std::min(edit.left_overlap, edit.right_overlap);
}

bool is_whole(const EditComparison& edit) {
  return smaller_overlap(edit) >= min_whole_overlap && edit.overlap_ssim >= min_whole_ssim &&
         edit.lowest_tile_ssim >= min_whole_tile_ssim;
}

}  // namespace

bool has_enough_detail_for_edited(const Fingerprint& picture) {
  return picture.detail >= min_detail;
}

std::array<MeasureCheck, 8> edited_checks(const EditComparison& edit, const Fingerprint& left,
                                          const Fingerprint& right) {
  const double smaller = smaller_overlap(edit);
  const bool needs_no_features =
      is_whole(edit) && has_enough_detail(left) && has_enough_detail(right);
  const int least_inliers = smaller < small_overlap ? min_inliers_of_small_overlap
                            : needs_no_features     ? 0
                                                    : min_inliers;
  return {{
      {"inliers", double(edit.inliers), Bound::at_least, double(least_inliers)},
      {"overlap_ssim", edit.overlap_ssim, Bound::at_least, min_ssim},
      {"smaller_overlap", smaller, Bound::at_least, min_smaller_overlap},
      {"larger_overlap", std::max(edit.left_overlap, edit.right_overlap), Bound::at_least,
       min_larger_overlap},
      {"stretch", edit.stretch, Bound::at_most, max_stretch},
      {"overlap_detail", edit.detail, Bound::at_least, min_common_detail},
      {"detail_ssim", edit.detail_ssim, Bound::at_least, min_detail_ssim},
      {"fidelity", edit.fidelity, Bound::at_least, min_fidelity},
  }};
}

bool confirms_edited(const EditComparison& edit, const Fingerprint& left,
                     const Fingerprint& right) {
  if (!has_enough_detail_for_edited(left) || !has_enough_detail_for_edited(right)) return false;
  const auto checks = edited_checks(edit, left, right);
  return std::all_of(checks.begin(), checks.end(),
                     [](const MeasureCheck& check) { return check.passes(); });
}

}  // namespace imgdedup::matching
