// SPDX-License-Identifier: Apache-2.0
// Whether two pictures that share something are really one picture, edited.
#pragma once

#include "matching/fingerprint.h"
#include "matching/relation.h"

namespace imgdedup::matching {

/// Whether `picture` holds enough for edits of it to be told from other pictures. Flat and tiny
/// pictures, glyphs and emblems do not.
bool has_enough_detail_for_edited(const Fingerprint& picture);

/// Whether what compare_images() saw of a transform confirms that `left` and `right` are `edited`
/// copies of one picture: they share enough of it, what they share is faithful to the sample and
/// not only alike, and either local features confirm the place, or the two are one another turned.
/// The thresholds and the figures they were chosen from: docs/accuracy.md.
bool confirms_edited(const EditComparison& edit, const Fingerprint& left, const Fingerprint& right);

}  // namespace imgdedup::matching
