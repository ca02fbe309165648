// SPDX-License-Identifier: Apache-2.0
// Which pictures of a folder may be edited copies of one another.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "matching/bk_tree.h"
#include "matching/fingerprint.h"
#include "matching/local_features.h"
#include "matching/policy.h"

namespace imgdedup::batch {

struct EditedCandidate {
  const matching::Fingerprint* fingerprint = nullptr;
  const matching::PictureFeatures* features = nullptr;  ///< null: none were measured
};

/// Up to so many pictures each is held against each by its features; beyond, each against the ones
/// that share most features with it by matching::FeatureIndex.
inline constexpr std::size_t most_held_against_each = 300;

/// Pairs of indexes into `pictures`, the smaller one first, that may be edited copies by their
/// turned hashes or by features that agree. Only pairs of which one is_asked_for().
/// tree: the hashes of all of them by the policy's kind, under their indexes.
std::vector<std::pair<std::size_t, std::size_t>> edited_candidates(
    std::span<const EditedCandidate> pictures, const matching::BkTree& tree,
    const matching::Policy& policy, const std::function<bool(std::size_t)>& is_asked_for);

}  // namespace imgdedup::batch
