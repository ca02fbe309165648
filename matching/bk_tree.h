// SPDX-License-Identifier: Apache-2.0
// BkTree: ids of perceptual hashes within a Hamming radius; leaf buckets, insert, remove, bulk
// build.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "matching/fingerprint.h"
#include "matching/hash_bucket.h"
#include "matching/id_group.h"

namespace imgdedup::matching {

/// A multiset of (hash, id) pairs that answers "which ids lie within a radius of this hash".
///
/// Burkhard & Keller, "Some approaches to best-match file searching", CACM 16(4), 1973: a branch
/// divides its hashes by their distance to a pivot; by the triangle inequality a query at distance
/// d from the pivot needs only the rings d - radius .. d + radius. Division stops at buckets of
/// some ten thousands of hashes, which lie in one piece of memory, are ordered by two more
/// pivots, and are scanned by vectors (bucket_scan.h): small radii look at a few short stretches,
/// large ones at a few long ones, since jumping about costs more than looking. Sparse rings next to
/// each other share a bucket. Hashes equal to a pivot are a list of ids at its branch (IdGroup), so
/// repeats make the tree neither deep nor slow.
///
/// Memory: 12 bytes a hash and 1 to 5 bytes of room and structure; 4 to 8 bytes where many ids
/// share a hash. Nothing recurses. Radius 0..64. Nothing throws but std::bad_alloc. Reading: any
/// thread while none changes the tree. Movable, not copyable.
class BkTree {
 public:
  using Id = std::uint32_t;
  using Entry = HashEntry;
  using Match = HashMatch;

  /// bucket_limit: a bucket of so many hashes is divided, 2..HashBucket::limit; empty: chosen by
  /// the number of hashes. Only tests have a use for a number.
  explicit BkTree(std::optional<std::size_t> bucket_limit = std::nullopt);

  /// A tree of all `entries`, by counting sort: O(n log n), a fraction of the time of n inserts.
  static BkTree build(std::vector<Entry> entries,
                      std::optional<std::size_t> bucket_limit = std::nullopt);

  /// Adds the pair. Looks at one branch a level and moves at most one entry a cell of one bucket;
  /// once in some thousands of times divides a bucket. A pair that is in already is then in twice.
  void insert(PerceptualHash hash, Id id);

  /// Takes the pair out, once; false if it is not in. Costs what insert() costs, also among
  /// millions of equal hashes; when more has been removed than twice what is left, the tree is
  /// built anew.
  bool remove(PerceptualHash hash, Id id);

  /// All ids whose hash is within `radius_bits` of `hash`, nearest first, then smallest id first;
  /// empty if none.
  [[nodiscard]] std::vector<Match> within(PerceptualHash hash, int radius_bits) const;

  /// Number of pairs.
  [[nodiscard]] std::size_t size() const { return size_; }

  /// Bytes that the tree takes, all its parts included. O(n / 8,000).
  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  /// A branch, a bucket, or nothing.
  class Node {
   public:
    Node() = default;
    static Node branch(std::size_t index) { return Node(static_cast<std::uint32_t>(index)); }
    static Node bucket(std::size_t index) {
      return Node(static_cast<std::uint32_t>(index) | bucket_flag);
    }
    [[nodiscard]] bool is_none() const { return value_ == none; }
    [[nodiscard]] bool is_bucket() const { return !is_none() && (value_ & bucket_flag) != 0; }
    [[nodiscard]] bool is_branch() const { return (value_ & bucket_flag) == 0; }
    [[nodiscard]] std::uint32_t index() const { return value_ & ~bucket_flag; }
    bool operator==(const Node&) const = default;

   private:
    static constexpr std::uint32_t bucket_flag = 1U << 31, none = ~0U;
    explicit Node(std::uint32_t value) : value_(value) {}
    std::uint32_t value_ = none;
  };

  static constexpr std::size_t rings = 65;
  struct Branch {
    PerceptualHash pivot;
    IdGroup equal;                       ///< ids of the hashes that equal the pivot
    std::array<Node, rings> children{};  ///< by distance to the pivot; [0] is unused
  };
  /// Where a node hangs: the root, or rings first..last of a branch.
  struct Place {
    bool is_root = true;
    std::uint32_t branch = 0;
    std::size_t first_ring = 0, last_ring = 0;
  };

  [[nodiscard]] std::size_t bucket_limit() const;
  void hang(const Place& place, Node node);
  Node add_bucket(HashBucket bucket);
  void grow(std::span<Entry> entries, const Place& top);
  void divide(Node full, const Place& place);
  Node bucket_for(std::uint32_t branch, std::size_t ring);
  [[nodiscard]] Place place_of(Node node, std::uint32_t branch, std::size_t ring) const;
  std::vector<Entry> take_entries();

  std::vector<Branch> branches_;
  std::vector<HashBucket> buckets_;
  std::vector<std::uint32_t> spare_buckets_;  ///< positions in buckets_ that no branch names
  std::optional<std::size_t> fixed_bucket_limit_;
  Node root_;
  std::size_t size_ = 0;
  std::size_t removals_since_build_ = 0;
};

}  // namespace imgdedup::matching
