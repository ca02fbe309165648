// SPDX-License-Identifier: Apache-2.0
// Ids that share one hash, sorted, in chunks: cheap to change even when there are millions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace imgdedup::matching {

/// A sorted multiset of ids. With n ids a change costs a binary search and the shift of at most
/// one chunk (4 KiB), and once in some five hundred changes the shift of n / 512 chunk headers.
/// Takes 4 to 8 bytes an id. Reading: any thread while none changes it.
class IdGroup {
 public:
  using Id = std::uint32_t;

  IdGroup() = default;
  /// From ids in any order.
  explicit IdGroup(std::vector<Id> ids);

  void insert(Id id);
  /// Takes one `id` out; false if there is none.
  bool remove(Id id);

  [[nodiscard]] std::size_t size() const { return size_; }
  /// Ascending.
  template <typename Visit>
  void for_each(Visit visit) const {
    for (const auto& chunk : chunks_)
      for (const Id id : chunk) visit(id);
  }
  /// Bytes on the heap.
  [[nodiscard]] std::size_t heap_bytes() const;

 private:
  using Chunk = std::vector<Id>;

  std::vector<Chunk>::iterator chunk_for(Id id);
  void merge_if_small(std::vector<Chunk>::iterator chunk);

  std::vector<Chunk> chunks_;  ///< none empty; ascending within and across
  std::size_t size_ = 0;
};

}  // namespace imgdedup::matching
