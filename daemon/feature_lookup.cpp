// SPDX-License-Identifier: Apache-2.0
// The local features of all originals.
#include "daemon/feature_lookup.h"

#include <algorithm>
#include <utility>

namespace imgdedup::daemon {
namespace {

// Some megabytes of features.
constexpr std::size_t page_size = 500;

using Id = matching::FeatureIndex::Id;

}  // namespace

bool FeatureLookup::load_page() {
  const auto begin = std::chrono::steady_clock::now();
  if (loaded_up_to_ == 0) index_.expect(catalog_.count_contents());
  const std::size_t strongest =
      std::min(index_.postings_per_picture(), matching::FeatureIndex::registered_features);
  const auto entries = catalog_.feature_entries(strongest, loaded_up_to_, page_size);
  for (const store::FeatureEntry& entry : entries)
    index_.insert(static_cast<Id>(entry.content_id), entry.features);
  if (!entries.empty()) loaded_up_to_ = entries.back().content_id;
  is_loaded_ = entries.size() < page_size;
  build_time_ += std::chrono::steady_clock::now() - begin;
  return !is_loaded_;
}

void FeatureLookup::refresh(store::ContentId id, bool is_wanted) {
  // A page that is still to come brings what lies beyond.
  if (!is_loaded_ && id > loaded_up_to_) return;
  const auto index_id = static_cast<Id>(id);
  if (is_wanted == index_.holds(index_id)) return;
  if (!is_wanted) {
    index_.remove(index_id);
    return;
  }
  if (const auto features = catalog_.features(id)) index_.insert(index_id, features->local);
}

std::vector<FeatureLookup::Candidate> FeatureLookup::best(const matching::LocalFeatures& features,
                                                          const matching::LocalFeatures& mirrored,
                                                          std::size_t count) const {
  std::vector<std::pair<float, Candidate>> weighed;
  const auto ask = [&](const matching::LocalFeatures& about, Mirroring mirroring) {
    for (const auto& match : index_.best(about, count))
      weighed.push_back({match.weight, {static_cast<store::ContentId>(match.id), mirroring}});
  };
  ask(features, Mirroring::none);
  ask(mirrored, Mirroring::mirrored);
  std::stable_sort(weighed.begin(), weighed.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  weighed.resize(std::min(weighed.size(), count));
  std::vector<Candidate> candidates;
  for (const auto& [weight, candidate] : weighed) candidates.push_back(candidate);
  return candidates;
}

}  // namespace imgdedup::daemon
