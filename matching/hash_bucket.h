// SPDX-License-Identifier: Apache-2.0
// A leaf of the BK-tree: hashes with their ids, ordered by distance to pivots, scanned by vectors.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <vector>

#include "matching/bucket_scan.h"
#include "matching/fingerprint.h"

namespace imgdedup::matching {

/// A hash and whose it is.
struct HashEntry {
  PerceptualHash hash;
  std::uint32_t id = 0;
};

/// An id within a radius of a query.
struct HashMatch {
  std::uint32_t id = 0;
  int distance_bits = 0;

  bool operator==(const HashMatch&) const = default;
};

/// Up to `limit` hashes and ids, 12 bytes each in two arrays of one block. They are ordered by
/// their distance to one pivot, those of equal distance by their distance to a second; both pivots
/// are taken from among them. So by the triangle inequality a query looks at a few stretches only,
/// and at one long stretch where these lie close: restarting costs more than looking. A change
/// moves at most one entry a cell (pair of distances), not half of the bucket. The block has room
/// for at most a quarter (and 32 entries) more than it once needed and at most twice what it needs.
class HashBucket {
 public:
  /// The largest whole number of scan rounds that 16 bits count.
  static constexpr std::size_t limit = 65'504;

  /// Empty: nothing on the heap.
  HashBucket() = default;
  /// entries: at most `limit`, in any order. Picks the pivots.
  explicit HashBucket(std::span<const HashEntry> entries);

  /// The bucket must hold less than `limit`.
  void insert(HashEntry entry);
  /// Takes one equal entry out; false if there is none.
  bool remove(HashEntry entry);

  /// Adds all entries within `radius_bits` of `query` to `matches`, in no particular order.
  /// scan: scan_function() of a supported kernel.
  void collect(PerceptualHash query, int radius_bits, ScanFunction scan,
               std::vector<HashMatch>& matches) const;
  /// Load ahead what collect() will read: first the bucket itself, then its cells, then its hashes.
  /// Each rests on what the one before has loaded.
  void prefetch() const;
  void prefetch_cells(PerceptualHash query, int radius_bits) const;
  void prefetch_hashes(PerceptualHash query, int radius_bits) const;

  [[nodiscard]] std::size_t size() const { return size_; }
  void append_entries_to(std::vector<HashEntry>& entries) const;
  /// Bytes on the heap.
  [[nodiscard]] std::size_t heap_bytes() const;

 private:
  static constexpr std::size_t distances = 65;
  static constexpr std::size_t alignment = 64;  // one vector, one cache line
  /// One past the last entry of each cell, by first then second distance.
  using CellEnds = std::array<std::uint16_t, distances * distances>;
  struct Stretch {
    std::size_t begin, end;
  };
  struct FreeBlock {
    void operator()(std::byte* block) const {
      ::operator delete (block, std::align_val_t{alignment});
    }
  };

  [[nodiscard]] std::size_t cell_of(PerceptualHash hash) const;
  [[nodiscard]] std::size_t cell_begin(std::size_t cell) const {
    return cell == 0 ? 0 : (*ends_)[cell - 1];
  }
  void scan_stretch(Stretch stretch, PerceptualHash query, int radius_bits, ScanFunction scan,
                    std::vector<HashMatch>& matches) const;
  [[nodiscard]] PerceptualHash* hashes() const;
  [[nodiscard]] std::uint32_t* ids() const;
  void set_capacity(std::size_t capacity);

  PerceptualHash first_pivot_, second_pivot_;
  std::unique_ptr<std::byte[], FreeBlock> block_;  ///< capacity_ hashes, then as many ids
  std::unique_ptr<CellEnds> ends_;                 ///< absent while there is no block
  /// One past the last entry at each second distance, if they were ordered by it alone.
  std::array<std::uint16_t, distances> second_ends_{};
  std::uint16_t capacity_ = 0, size_ = 0;
};

/// The entry's hash, of a few candidates, that divides `entries` best by distance: entries equal to
/// it count as divided off, so a hash that repeats often is preferred. Other than `not_this` where
/// a candidate is. entries: at least one. The same entries in the same order give the same pivot.
PerceptualHash pick_pivot(std::span<const HashEntry> entries,
                          std::optional<PerceptualHash> not_this = std::nullopt);

/// Reorders `entries` by their distance to `pivot`; gives for each distance one past its last
/// entry. In place (McIlroy, Bostic & McIlroy, "Engineering radix sort", Computing Systems 6(1),
/// 1993).
std::array<std::size_t, 65> order_by_distance(std::span<HashEntry> entries, PerceptualHash pivot);

}  // namespace imgdedup::matching
