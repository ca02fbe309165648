// SPDX-License-Identifier: Apache-2.0
// Which pictures of a folder may be edited copies of one another.
#include "batch/edited_candidates.h"

#include <algorithm>
#include <optional>
#include <set>

#include "matching/edited_confirmation.h"
#include "matching/feature_index.h"
#include "matching/feature_matching.h"

namespace imgdedup::batch {
namespace {

using Pair = std::pair<std::size_t, std::size_t>;

// Of one picture there may be dozens of copies, each of which is to be found from each.
constexpr std::size_t asked_of_index = 100;
// A folder holds what one machine has to measure anyway: no memory is spared.
constexpr std::size_t index_bytes = std::size_t{2} << 30;

class CandidatePairs {
 public:
  CandidatePairs(std::span<const EditedCandidate> pictures,
                 const std::function<bool(std::size_t)>& is_asked_for)
      : pictures_(pictures), is_asked_for_(is_asked_for) {}

  [[nodiscard]] bool has_features(std::size_t i) const {
    return pictures_[i].features && has_enough_detail_for_edited(*pictures_[i].fingerprint);
  }
  [[nodiscard]] const matching::LocalFeatures& local(std::size_t i) const {
    return pictures_[i].features->local;
  }
  void add(std::size_t i, std::size_t j) {
    if (is_wanted(i, j)) pairs_.insert(std::minmax(i, j));
  }
  void add_if_they_agree(std::size_t i, std::size_t j) {
    if (!is_wanted(i, j) || pairs_.contains(std::minmax(i, j))) return;
    if (may_be_edited(agree(local(i), local(j)))) pairs_.insert(std::minmax(i, j));
  }
  /// The same, if `features` are those of i or of its mirror image, and it is known which.
  void add_if_it_agrees(std::size_t i, const matching::LocalFeatures& features, std::size_t j) {
    if (!is_wanted(i, j) || pairs_.contains(std::minmax(i, j))) return;
    if (may_be_edited(agree_unmirrored(features, local(j)))) pairs_.insert(std::minmax(i, j));
  }
  [[nodiscard]] std::vector<Pair> take() const { return {pairs_.begin(), pairs_.end()}; }

 private:
  [[nodiscard]] bool is_wanted(std::size_t i, std::size_t j) const {
    return i != j && has_features(j) && (is_asked_for_(i) || is_asked_for_(j));
  }

  std::span<const EditedCandidate> pictures_;
  const std::function<bool(std::size_t)>& is_asked_for_;
  std::set<Pair> pairs_;
};

void add_by_index(CandidatePairs& pairs, std::size_t count) {
  matching::FeatureIndex index({.memory_bytes = index_bytes});
  index.expect(count);
  for (std::size_t i = 0; i < count; ++i)
    if (pairs.has_features(i))
      index.insert(static_cast<matching::FeatureIndex::Id>(i), pairs.local(i));
  for (std::size_t i = 0; i < count; ++i) {
    if (!pairs.has_features(i)) continue;
    for (const auto& features : {pairs.local(i), matching::mirrored(pairs.local(i))})
      for (const auto& match : index.best(features, asked_of_index))
        pairs.add_if_it_agrees(i, features, match.id);
  }
}

}  // namespace

std::vector<Pair> edited_candidates(std::span<const EditedCandidate> pictures,
                                    const matching::BkTree& tree, const matching::Policy& policy,
                                    const std::function<bool(std::size_t)>& is_asked_for) {
  CandidatePairs pairs(pictures, is_asked_for);
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    if (!pairs.has_features(i)) continue;
    for (const matching::PerceptualHashes& turned : pictures[i].features->turned_hashes)
      for (const auto& match : tree.within(turned.of(policy.hash_kind), policy.radius_bits))
        pairs.add(i, match.id);
  }
  if (pictures.size() > most_held_against_each) {
    add_by_index(pairs, pictures.size());
  } else {
    for (std::size_t i = 0; i < pictures.size(); ++i)
      for (std::size_t j = i + 1; j < pictures.size() && pairs.has_features(i); ++j)
        pairs.add_if_they_agree(i, j);
  }
  return pairs.take();
}

}  // namespace imgdedup::batch
