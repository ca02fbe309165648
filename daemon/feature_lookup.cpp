// SPDX-License-Identifier: Apache-2.0
// The local features of all originals.
#include "daemon/feature_lookup.h"

#include <algorithm>

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

std::vector<store::ContentId> FeatureLookup::best(const matching::LocalFeatures& features,
                                                  std::size_t count) const {
  auto matches = index_.best(features, count);
  const auto mirrored = index_.best(matching::mirrored(features), count);
  matches.insert(matches.end(), mirrored.begin(), mirrored.end());
  std::stable_sort(matches.begin(), matches.end(),
                   [](const auto& a, const auto& b) { return a.weight > b.weight; });
  std::vector<store::ContentId> contents;
  for (const auto& match : matches) {
    const auto id = static_cast<store::ContentId>(match.id);
    if (contents.size() < count &&
        std::find(contents.begin(), contents.end(), id) == contents.end())
      contents.push_back(id);
  }
  return contents;
}

}  // namespace imgdedup::daemon
