// SPDX-License-Identifier: Apache-2.0
// Whether two pictures that share something are really one picture, edited.
#pragma once

#include "matching/fingerprint.h"
#include "matching/relation.h"

namespace imgdedup::matching {

/// Whether `picture` holds enough for edits of it to be told from other pictures. Flat and tiny
/// pictures, glyphs and emblems do not.
bool has_enough_detail_for_edited(const Fingerprint& picture);

/// Whether what compare_images() saw of a transform confirms `edited`. Both pictures must have
/// enough detail. The thresholds and the figures they were chosen from: docs/accuracy.md.
bool confirms_edited(const EditComparison& edit);

}  // namespace imgdedup::matching
