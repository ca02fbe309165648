// SPDX-License-Identifier: Apache-2.0
// FeatureIndex: ids that share local features, by votes.
#include "matching/feature_index.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace imgdedup::matching {
namespace {

// A posting: the slot, and which of its picture's features, the strongest first.
constexpr int rank_bits = 8;
static_assert(SlotTable::limit <= std::size_t{1} << (32 - rank_bits));
static_assert(FeatureIndex::registered_features <= std::size_t{1} << rank_bits);

constexpr std::uint32_t posting_of(SlotTable::Slot slot, std::size_t rank) {
  return slot << rank_bits | static_cast<std::uint32_t>(rank);
}
constexpr SlotTable::Slot slot_of(std::uint32_t posting) { return posting >> rank_bits; }
constexpr std::size_t rank_of(std::uint32_t posting) { return posting & ((1U << rank_bits) - 1); }

// In a small catalog a twentieth is next to nothing.
constexpr std::size_t least_list_limit = 32;
constexpr std::size_t list_limit_share = 20;

// Where lists end and what waits in all blocks, and what a question works with.
constexpr std::size_t bytes_beside = std::size_t{17} << 20;
constexpr std::size_t bytes_per_picture = 24;
constexpr std::size_t bytes_per_posting = 5;

// Pictures that chance may bring among the matches of one question, on average.
constexpr double chance_matches = 0.25;
// Pictures that share nothing but a corner of a letter share two such.
constexpr int least_votes = 3;
// Pictures that may be copies, and do not count when it is told what chance gives.
constexpr std::size_t most_copies = 32;

/// Votes dealt out at random, `mean` to a picture, give each a Poisson number of them: the number
/// that, of all `pictures` together, almost none reaches.
int votes_beyond_chance(double mean, std::size_t pictures) {
  double term = std::exp(-mean);  // P(votes == k)
  double tail = 1 - term;         // P(votes > k)
  int votes = 1;
  while (tail * static_cast<double>(pictures) > chance_matches &&
         votes < static_cast<int>(max_local_features)) {
    term *= mean / votes;
    tail -= term;
    ++votes;
  }
  return votes;
}

}  // namespace

FeatureIndex::FeatureIndex(FeatureIndexLimits limits) : limits_(limits) {}

void FeatureIndex::expect(std::size_t pictures) {
  const std::size_t beside = bytes_beside + pictures * bytes_per_picture;
  const std::size_t bytes = limits_.memory_bytes > beside ? limits_.memory_bytes - beside : 0;
  const std::size_t room = bytes / bytes_per_posting / std::max<std::size_t>(pictures, 1);
  postings_per_picture_ = std::clamp<std::size_t>(room, 1, postings_per_picture_);
}

std::size_t FeatureIndex::tables_in_use() const {
  return (postings_per_picture_ + registered_features - 1) / registered_features;
}

void FeatureIndex::insert(Id id, const LocalFeatures& features) {
  if (slots_.slot_of(id)) return;
  if (blocks_.empty()) blocks_.resize(feature_key_tables * blocks_per_table);
  keep_within_limits();
  if (posting_count_ + postings_per_picture_ > limits_.memory_bytes / bytes_per_posting) return;
  const auto slot = slots_.add(id);
  if (!slot) return;
  std::size_t left = postings_per_picture_;
  for (std::size_t table = 0; table < feature_key_tables && left > 0; ++table) {
    const std::size_t ranks = std::min(registered_features, left);
    left -= ranks;
    for (std::size_t rank = 0; rank < std::min(ranks, features.features.size()); ++rank) {
      const std::uint32_t key = feature_key(features.features[rank].descriptor, table);
      const auto place = static_cast<std::uint16_t>(key % PostingBlock::keys);
      if (block(table, key).insert(place, posting_of(*slot, rank))) ++posting_count_;
    }
  }
}

bool FeatureIndex::remove(Id id) {
  if (!slots_.remove(id)) return false;
  if (slots_.released() > 1000 + slots_.size()) compact();
  return true;
}

// Kept well ahead of the true size, so that the sum over all blocks is not needed each time.
void FeatureIndex::keep_within_limits() {
  const std::size_t pictures = slots_.size() + slots_.released() + 1;
  const std::size_t beside = bytes_beside + pictures * bytes_per_picture;
  const std::size_t room =
      limits_.memory_bytes > beside ? (limits_.memory_bytes - beside) / bytes_per_posting : 0;
  if (posting_count_ + postings_per_picture_ <= room) return;
  if (slots_.released() > slots_.size() / 8) {
    compact();
    return;
  }
  if (postings_per_picture_ == 1) return;
  postings_per_picture_ -= std::max<std::size_t>(postings_per_picture_ / 4, 1);
  compact();
}

void FeatureIndex::compact() {
  posting_count_ = 0;
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    const std::size_t first = i / blocks_per_table * registered_features;
    const std::size_t ranks =
        postings_per_picture_ > first ? postings_per_picture_ - first : std::size_t{0};
    blocks_[i].keep_only([&](std::uint32_t posting) {
      return rank_of(posting) < ranks && slots_.holds(slot_of(posting));
    });
    posting_count_ += blocks_[i].size();
  }
  slots_.reuse_released_slots();
}

void FeatureIndex::find_lists(const LocalFeatures& features) const {
  lists_.clear();
  late_.clear();
  const std::size_t tables = tables_in_use();
  for (std::size_t i = 0; i < features.features.size(); ++i) {
    for (std::size_t table = 0; table < tables; ++table) {
      const std::uint32_t key = feature_key(features.features[i].descriptor, table);
      const PostingBlock& block = blocks_[table * blocks_per_table + key / PostingBlock::keys];
      if (block.size() == 0) continue;
      lists_.push_back({&block, static_cast<std::uint16_t>(key % PostingBlock::keys),
                        static_cast<std::uint16_t>(i)});
      block.prefetch(lists_.back().key);
    }
  }
  for (List& list : lists_) {
    const auto sorted = list.block->sorted(list.key);
    __builtin_prefetch(sorted.data());
    list.late_begin = static_cast<std::uint32_t>(late_.size());
    list.block->append_late(list.key, late_);
    list.late_end = static_cast<std::uint32_t>(late_.size());
    list.length = static_cast<std::uint32_t>(sorted.size()) + list.late_end - list.late_begin;
  }
}

/// Returns how many postings the lists that stay have.
std::size_t FeatureIndex::drop_long_lists() const {
  const std::size_t longest = std::max(least_list_limit, slots_.size() / list_limit_share);
  std::erase_if(lists_,
                [=](const List& list) { return list.length == 0 || list.length > longest; });
  std::size_t total = 0;
  for (const List& list : lists_) total += list.length;
  if (total <= limits_.postings_per_query) return total;
  std::vector<std::uint32_t> lengths;
  lengths.reserve(lists_.size());
  for (const List& list : lists_) lengths.push_back(list.length);
  std::sort(lengths.begin(), lengths.end());
  total = 0;
  std::size_t fit = 0;
  while (fit < lengths.size() && total + lengths[fit] <= limits_.postings_per_query)
    total += lengths[fit++];
  // Lists of one length stay or go together.
  const std::uint32_t first_out = lengths[fit];
  std::erase_if(lists_, [=](const List& list) { return list.length >= first_out; });
  return total;
}

void FeatureIndex::vote_for(SlotTable::Slot slot, std::uint16_t feature, float weight) const {
  const std::size_t mask = tallies_.size() - 1;
  std::size_t place = (std::uint64_t{slot} * 0x9e3779b97f4a7c15 >> 32) & mask;
  while (tallies_[place].slot != slot) {
    Tally& tally = tallies_[place];
    if (tally.slot == no_slot) {
      tally = {slot, weight, feature, 1};
      used_tallies_.push_back(static_cast<std::uint32_t>(place));
      return;
    }
    place = (place + 1) & mask;
  }
  Tally& tally = tallies_[place];
  if (tally.last_feature == feature) return;
  tally.weight += weight;
  tally.last_feature = feature;
  ++tally.votes;
}

void FeatureIndex::vote(const List& list) const {
  const float weight =
      std::log(static_cast<float>(slots_.size() + 1) /
               static_cast<float>(std::min<std::size_t>(list.length, slots_.size())));
  // Postings of pictures that were taken out stay until the next tidying; there is room for votes
  // of those that are in alone.
  const bool all_are_in = slots_.released() == 0;
  const auto vote_of = [&](std::uint32_t posting) {
    const SlotTable::Slot slot = slot_of(posting);
    if (all_are_in || slots_.holds(slot)) vote_for(slot, list.feature, weight);
  };
  for (const std::uint32_t posting : list.block->sorted(list.key)) vote_of(posting);
  for (std::uint32_t i = list.late_begin; i < list.late_end; ++i) vote_of(late_[i]);
}

std::vector<FeatureIndex::Match> FeatureIndex::best(const LocalFeatures& features,
                                                    std::size_t count) const {
  if (size() == 0 || count == 0) return {};
  find_lists(features);
  const std::size_t postings = drop_long_lists();
  if (lists_.empty()) return {};
  const std::size_t room = std::bit_ceil(2 * std::min(postings, slots_.size()) + 1);
  if (tallies_.size() < room) tallies_.assign(room, Tally{});
  for (const List& list : lists_) vote(list);

  std::vector<Match> matches;
  double votes = 0;
  for (const std::uint32_t place : used_tallies_) {
    Tally& tally = tallies_[place];
    votes += tally.votes;
    if (tally.votes >= least_votes)
      matches.push_back({slots_.id_of(tally.slot), tally.votes, tally.weight});
    tally = {};
  }
  used_tallies_.clear();
  const std::size_t foremost = std::min(std::max(count, most_copies), matches.size());
  const auto end = matches.begin() + static_cast<std::ptrdiff_t>(foremost);
  std::partial_sort(matches.begin(), end, matches.end(), [](const Match& a, const Match& b) {
    return a.weight != b.weight ? a.weight > b.weight : a.id < b.id;
  });
  matches.erase(end, matches.end());

  // What the others have is what chance gives.
  for (const Match& match : matches) votes -= match.votes;
  const std::size_t others = std::max<std::size_t>(size() - matches.size(), 1);
  const int least = votes_beyond_chance(votes / static_cast<double>(others), size());
  std::erase_if(matches, [=](const Match& match) { return match.votes < least; });
  if (matches.size() > count) matches.resize(count);
  return matches;
}

std::size_t FeatureIndex::memory_bytes() const {
  std::size_t bytes = (blocks_.capacity() - blocks_.size()) * sizeof(PostingBlock);
  for (const PostingBlock& block : blocks_) bytes += block.memory_bytes();
  return bytes + slots_.memory_bytes() + lists_.capacity() * sizeof(List) +
         late_.capacity() * sizeof(std::uint32_t) + tallies_.capacity() * sizeof(Tally) +
         used_tallies_.capacity() * sizeof(std::uint32_t);
}

}  // namespace imgdedup::matching
