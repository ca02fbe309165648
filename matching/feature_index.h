// SPDX-License-Identifier: Apache-2.0
// FeatureIndex: ids that share local features, by votes; insert, remove, a bound on its memory.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "matching/feature_keys.h"
#include "matching/local_features.h"
#include "matching/posting_block.h"
#include "matching/slot_table.h"

namespace imgdedup::matching {

struct FeatureIndexLimits {
  /// Bytes that the whole index may take. 192 MiB: 32 postings for each of a million pictures; 800,
  /// all there are, for each of 45,000.
  std::size_t memory_bytes = std::size_t{192} << 20;
  /// Postings that one question reads. Keys that few pictures have go first.
  std::size_t postings_per_query = 32'768;
};

/// A set of pictures, each an id with its local features, that answers "which of them share
/// features with this one".
///
/// Each feature has 4 keys of 20 bits (feature_keys.h). A picture is registered under keys of its
/// strongest 200 features. Asked about a picture, every one of its features votes, once, for each
/// picture registered under one of its keys; a vote weighs log(pictures / pictures under the key),
/// as in Sivic & Zisserman, "Video Google", ICCV 2003. Keys that more than a twentieth of the
/// pictures have say nothing and do not vote; nor do the most frequent of the rest, once
/// `postings_per_query` postings have been read: so the time of a question is bounded, whatever
/// was inserted.
///
/// Memory: 4 to 5 bytes a posting, 11 to 24 a picture, up to 17 MiB beside. When the limit is
/// reached, every picture gives up a fourth of its postings: first all but one key of every
/// feature, the weakest features first, then these features themselves; at the very last, new
/// pictures are not registered. It does not ask for features again when there is room once more:
/// that does the next build. Nothing throws but std::bad_alloc. One thread at a time.
class FeatureIndex {
 public:
  using Id = std::uint32_t;

  struct Match {
    Id id = 0;
    int votes = 0;     ///< features that voted for it
    float weight = 0;  ///< of their votes

    bool operator==(const Match&) const = default;
  };

  static constexpr std::size_t registered_features = 200;
  static constexpr std::size_t most_postings_per_picture = registered_features * feature_key_tables;

  explicit FeatureIndex(FeatureIndexLimits limits = {});

  /// Registers from now on no more postings of each picture than `pictures` of them have room for.
  /// To be called before as many are inserted: they would be cut down one by one otherwise.
  void expect(std::size_t pictures);

  /// Registers a picture. One that is in already stays as it is; so does the index when there is
  /// no room even for a single posting a picture, or when it holds 2^24 pictures.
  void insert(Id id, const LocalFeatures& features);
  /// Takes a picture out; false if it is not in.
  bool remove(Id id);

  /// The pictures that share more features with `features` than chance brings about, by weight,
  /// the heaviest first, then the smallest id; at most `count`.
  [[nodiscard]] std::vector<Match> best(const LocalFeatures& features, std::size_t count) const;

  [[nodiscard]] bool holds(Id id) const { return slots_.slot_of(id).has_value(); }
  /// Number of pictures.
  [[nodiscard]] std::size_t size() const { return slots_.size(); }
  /// Postings that are registered of each picture now, 1..most_postings_per_picture.
  [[nodiscard]] std::size_t postings_per_picture() const { return postings_per_picture_; }
  /// Bytes that the index takes, all its parts included. O(1,000).
  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  static constexpr std::size_t blocks_per_table =
      (std::size_t{1} << feature_key_bits) / PostingBlock::keys;
  /// What one feature's key leads to.
  struct List {
    const PostingBlock* block = nullptr;
    std::uint16_t key = 0;
    std::uint16_t feature = 0;
    std::uint32_t late_begin = 0, late_end = 0;  ///< in late_
    std::uint32_t length = 0;
  };
  struct Tally {
    SlotTable::Slot slot = no_slot;
    float weight = 0;
    std::uint16_t last_feature = 0;
    std::uint16_t votes = 0;
  };
  static constexpr SlotTable::Slot no_slot = ~SlotTable::Slot{0};

  [[nodiscard]] PostingBlock& block(std::size_t table, std::uint32_t key) {
    return blocks_[table * blocks_per_table + key / PostingBlock::keys];
  }
  [[nodiscard]] std::size_t tables_in_use() const;
  void keep_within_limits();
  void compact();
  void find_lists(const LocalFeatures& features) const;
  [[nodiscard]] std::size_t drop_long_lists() const;
  void vote(const List& list) const;
  void vote_for(SlotTable::Slot slot, std::uint16_t feature, float weight) const;

  FeatureIndexLimits limits_;
  std::vector<PostingBlock> blocks_;  ///< by table, then key; none before the first insert
  SlotTable slots_;
  std::size_t postings_per_picture_ = most_postings_per_picture;
  std::size_t posting_count_ = 0;  ///< those of removed pictures included

  // What a question works with; kept, since to ask for that much memory each time takes longer.
  mutable std::vector<List> lists_;
  mutable std::vector<std::uint32_t> late_;
  mutable std::vector<Tally> tallies_;  ///< open addressing by slot
  mutable std::vector<std::uint32_t> used_tallies_;
};

}  // namespace imgdedup::matching
