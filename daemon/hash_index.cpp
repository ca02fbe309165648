// SPDX-License-Identifier: Apache-2.0
// The perceptual hashes of all originals.
#include "daemon/hash_index.h"

#include <utility>

namespace imgdedup::daemon {
namespace {

constexpr std::size_t page_size = 20'000;

}  // namespace

bool HashIndex::load_page() {
  const auto begin = std::chrono::steady_clock::now();
  const auto entries = catalog_.index_entries(kind_, loaded_up_to_, page_size);
  loading_.reserve(loading_.size() + entries.size());
  for (const store::IndexEntry& entry : entries) {
    loading_.push_back({entry.hash, static_cast<matching::BkTree::Id>(entry.content_id)});
    set_held(entry.content_id, true);
  }
  if (!entries.empty()) loaded_up_to_ = entries.back().content_id;
  const bool has_more = entries.size() == page_size;
  if (!has_more) {
    tree_ = matching::BkTree::build(std::exchange(loading_, {}));
    is_loaded_ = true;
  }
  build_time_ += std::chrono::steady_clock::now() - begin;
  return has_more;
}

bool HashIndex::holds(store::ContentId id) const {
  const auto place = static_cast<std::size_t>(id);
  return place < held_.size() && held_[place];
}

void HashIndex::set_held(store::ContentId id, bool held) {
  const auto place = static_cast<std::size_t>(id);
  if (place >= held_.size()) held_.resize(place + place / 2 + 1024);
  held_[place] = held;
}

void HashIndex::refresh(const store::CatalogContent& content) {
  const bool is_wanted =
      content.is_current() && !catalog_.originals_with_content(content.id).empty();
  if (is_wanted == holds(content.id)) return;
  const auto hash = content.fingerprint.hashes.of(kind_);
  const auto id = static_cast<matching::BkTree::Id>(content.id);
  if (!is_loaded_) {
    // A page that is still to come brings what lies beyond.
    if (content.id > loaded_up_to_) return;
    if (is_wanted)
      loading_.push_back({hash, id});
    else
      std::erase_if(loading_, [id](const auto& entry) { return entry.id == id; });
  } else if (is_wanted)
    tree_.insert(hash, id);
  else
    tree_.remove(hash, id);
  set_held(content.id, is_wanted);
}

std::vector<HashIndex::Near> HashIndex::within(const matching::PerceptualHashes& hashes,
                                               int radius_bits) const {
  std::vector<Near> found;
  for (const auto& match : tree_.within(hashes.of(kind_), radius_bits))
    found.push_back({static_cast<store::ContentId>(match.id), match.distance_bits});
  return found;
}

}  // namespace imgdedup::daemon
