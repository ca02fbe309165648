// SPDX-License-Identifier: Apache-2.0
// Whether two pictures that share something are really one picture, edited.
#pragma once

#include <array>

#include "matching/fingerprint.h"
#include "matching/near_confirmation.h"
#include "matching/relation.h"

namespace imgdedup::matching {

/// Whether `picture` holds enough for edits of it to be told from other pictures. Flat and tiny
/// pictures, glyphs and emblems do not.
bool has_enough_detail_for_edited(const Fingerprint& picture);

/// Everything that what was seen of a transform must pass to confirm `edited`: "inliers",
/// "overlap_ssim", "smaller_overlap", "larger_overlap" (of the two pictures' shares that both
/// show), "stretch", "overlap_detail", "detail_ssim", "fidelity". The inliers needed depend on the
/// others: more of them where the shared part is small; none where the two are whole and one
/// another turned. The thresholds and the figures they were chosen from: docs/accuracy.md.
std::array<MeasureCheck, 8> edited_checks(const EditComparison& edit, const Fingerprint& left,
                                          const Fingerprint& right);

/// Whether what compare_images() saw of a transform confirms that `left` and `right` are `edited`
/// copies of one picture: both have enough detail, and all of edited_checks() pass.
bool confirms_edited(const EditComparison& edit, const Fingerprint& left, const Fingerprint& right);

}  // namespace imgdedup::matching
