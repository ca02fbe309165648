// SPDX-License-Identifier: Apache-2.0
// All that was measured of one image: its fingerprint, and what else was asked for.
#pragma once

#include <optional>
#include <vector>

#include "matching/fingerprint.h"
#include "matching/local_features.h"

namespace imgdedup::matching {

/// What to measure beyond the fingerprint.
struct Measures {
  bool features = false;   ///< what `edited` needs; in a comparison: look for edits
  bool embedding = false;  ///< by the network that the worker was started with
  /// Of a comparison only: no look for edits, which is dear, where confirms_near_at_any_detail()
  /// says enough.
  bool features_unless_near = false;

  bool operator==(const Measures&) const = default;
};

/// The output of a network for one picture, scaled to length 1.
struct Embedding {
  std::vector<float> values;

  bool operator==(const Embedding&) const = default;
};

/// Most values an embedding may have.
inline constexpr std::size_t max_embedding_values = 8192;

struct Measurement {
  Fingerprint fingerprint;
  std::optional<PictureFeatures> features;  ///< exactly where they were asked for
  std::optional<Embedding> embedding;       ///< exactly where it was asked for

  bool operator==(const Measurement&) const = default;
};

}  // namespace imgdedup::matching
