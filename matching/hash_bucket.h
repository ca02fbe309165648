// SPDX-License-Identifier: Apache-2.0
// A leaf of the BK-tree: hashes with their ids, ordered by distance to a pivot, scanned by vectors.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
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

/// Up to `limit` hashes and ids, 12 bytes each in two arrays of one block, ordered by their
/// distance to a pivot taken from among them. So a query looks at one stretch only (the triangle
/// inequality), and a change moves at most one entry a distance, not half of the bucket. The block
/// holds at most a quarter (and 16 entries) more than it needs.
class HashBucket {
 public:
  static constexpr std::size_t limit = 1024;

  /// Empty: no block.
  HashBucket() = default;
  /// entries: at most `limit`. Picks the pivot (pick_pivot).
  explicit HashBucket(std::span<const HashEntry> entries);

  /// The bucket must hold less than `limit`.
  void insert(HashEntry entry);
  /// Takes one equal entry out; false if there is none.
  bool remove(HashEntry entry);

  /// Adds all entries within `radius_bits` of `query` to `matches`, in no particular order.
  /// scan: scan_function() of a supported kernel.
  void collect(PerceptualHash query, int radius_bits, ScanFunction scan,
               std::vector<HashMatch>& matches) const;
  /// Loads ahead what collect() will read first.
  void prefetch(PerceptualHash query, int radius_bits) const;

  [[nodiscard]] std::size_t size() const { return ends_.back(); }
  void append_entries_to(std::vector<HashEntry>& entries) const;
  /// Bytes on the heap.
  [[nodiscard]] std::size_t heap_bytes() const;

 private:
  struct Stretch {
    std::size_t begin, end;
  };
  struct FreeBlock {
    void operator()(std::byte* block) const {
      ::operator delete (block, std::align_val_t{alignment});
    }
  };
  static constexpr std::size_t alignment = 64;  // one vector, one cache line

  [[nodiscard]] std::size_t ring_begin(std::size_t ring) const {
    return ring == 0 ? 0 : ends_[ring - 1];
  }
  [[nodiscard]] Stretch stretch_within(PerceptualHash query, int radius_bits) const;
  [[nodiscard]] PerceptualHash* hashes() const;
  [[nodiscard]] std::uint32_t* ids() const;
  void set_capacity(std::size_t capacity);

  PerceptualHash pivot_;
  std::unique_ptr<std::byte[], FreeBlock> block_;  ///< capacity_ hashes, then as many ids
  std::uint16_t capacity_ = 0;
  std::array<std::uint16_t, 65> ends_{};  ///< by distance to the pivot: one past its last entry
};

/// The entry's hash, of a few candidates, that divides `entries` best by distance: entries equal to
/// it count as divided off, so a hash that repeats often is preferred. entries: at least one. The
/// same entries in the same order give the same pivot.
PerceptualHash pick_pivot(std::span<const HashEntry> entries);

/// Reorders `entries` by their distance to `pivot`; gives for each distance one past its last
/// entry. In place (McIlroy, Bostic & McIlroy, "Engineering radix sort", Computing Systems 6(1),
/// 1993).
std::array<std::size_t, 65> order_by_distance(std::span<HashEntry> entries, PerceptualHash pivot);

}  // namespace imgdedup::matching
