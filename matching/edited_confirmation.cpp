// SPDX-License-Identifier: Apache-2.0
// Whether two pictures that share something are really one picture, edited.
#include "matching/edited_confirmation.h"

#include <algorithm>

#include "matching/near_confirmation.h"

namespace imgdedup::matching {
namespace {

// What was seen on either side of each, and on which pictures: docs/accuracy.md.
constexpr float min_detail = 1.5F;
constexpr double min_common_detail = 0.8;
/// A picture that makes up less of another is a part of it, not the same picture.
constexpr double min_smaller_overlap = 0.125, min_larger_overlap = 0.5;
/// The smaller the part that is shared, the more has to speak for it.
constexpr double small_overlap = 0.19, half_overlap = 0.5;
constexpr int min_inliers_of_small_overlap = 30;
constexpr double min_agreeing_detail_of_half_overlap = 0.75;
constexpr double max_stretch = 2.1;
constexpr int min_inliers = 12;
constexpr double min_ssim = 0.55, min_agreeing_area = 0.55, min_agreeing_detail = 0.45;
/// Of the edges in what looks alike, how many are the same: frames of one scene stay below.
constexpr double min_fidelity = 0.65;
// Of two whole pictures, one turned, without features to go by.
constexpr double min_whole_overlap = 0.96, min_whole_ssim = 0.95, min_whole_tile_ssim = 0.8;

double smaller_overlap(const EditComparison& edit) {
  return std::min(edit.left_overlap, edit.right_overlap);
}

bool is_enough_shared(const EditComparison& edit) {
  const double smaller = smaller_overlap(edit);
  return smaller >= min_smaller_overlap &&
         std::max(edit.left_overlap, edit.right_overlap) >= min_larger_overlap &&
         (smaller >= small_overlap || edit.inliers >= min_inliers_of_small_overlap);
}

bool is_shared_faithfully(const EditComparison& edit) {
  const double least_detail = smaller_overlap(edit) < half_overlap
                                  ? min_agreeing_detail_of_half_overlap
                                  : min_agreeing_detail;
  return edit.overlap_ssim >= min_ssim && edit.agreeing_area >= min_agreeing_area &&
         edit.agreeing_detail >= least_detail &&
         edit.faithful_detail >= min_fidelity * edit.agreeing_detail;
}

bool is_whole(const EditComparison& edit) {
  return smaller_overlap(edit) >= min_whole_overlap && edit.overlap_ssim >= min_whole_ssim &&
         edit.lowest_tile_ssim >= min_whole_tile_ssim;
}

}  // namespace

bool has_enough_detail_for_edited(const Fingerprint& picture) {
  return picture.detail >= min_detail;
}

bool confirms_edited(const EditComparison& edit, const Fingerprint& left,
                     const Fingerprint& right) {
  if (!has_enough_detail_for_edited(left) || !has_enough_detail_for_edited(right)) return false;
  if (edit.detail < min_common_detail || edit.stretch > max_stretch || !is_enough_shared(edit) ||
      !is_shared_faithfully(edit))
    return false;
  return edit.inliers >= min_inliers ||
         (is_whole(edit) && has_enough_detail(left) && has_enough_detail(right));
}

}  // namespace imgdedup::matching
