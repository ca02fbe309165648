// SPDX-License-Identifier: Apache-2.0
// Whether two pictures that share something are really one picture, edited.
#include "matching/edited_confirmation.h"

#include <algorithm>

namespace imgdedup::matching {
namespace {

// What was seen on either side of each, and on which pictures: docs/accuracy.md.
constexpr float min_detail = 2.4F;
constexpr double min_ssim = 0.6;
constexpr double min_agreeing_area = 0.6;
constexpr double min_agreeing_detail = 0.5;
constexpr double min_common_detail = 1.0;
constexpr double min_overlap = 0.5;
constexpr double max_stretch = 2.0;

}  // namespace

bool has_enough_detail_for_edited(const Fingerprint& picture) {
  return picture.detail >= min_detail;
}

bool confirms_edited(const EditComparison& edit) {
  return edit.overlap_ssim >= min_ssim && edit.agreeing_area >= min_agreeing_area &&
         edit.agreeing_detail >= min_agreeing_detail && edit.detail >= min_common_detail &&
         std::max(edit.left_overlap, edit.right_overlap) >= min_overlap &&
         edit.stretch <= max_stretch;
}

}  // namespace imgdedup::matching
