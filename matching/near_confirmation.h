// SPDX-License-Identifier: Apache-2.0
// Whether two pictures whose hashes are close are really one picture re-encoded, resized or toned.
#pragma once

#include "matching/fingerprint.h"
#include "matching/relation.h"

namespace imgdedup::matching {

/// Whether `picture` holds enough to be judged by look at all. Flat and tiny pictures do not: only
/// `exact` and `pixels` count for them.
bool has_enough_detail(const Fingerprint& picture);

/// Whether the comparison of two pictures within the hash radius confirms `near`. Both must have
/// enough detail. The thresholds and the figures they were chosen from: docs/accuracy.md.
bool confirms_near(const Comparison& comparison);

}  // namespace imgdedup::matching
