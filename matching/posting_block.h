// SPDX-License-Identifier: Apache-2.0
// The posting lists of 512 neighbouring keys in one piece of memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace imgdedup::matching {

/// Lists of postings (32 bits each, any meaning), one a key. Most lie in one array ordered by key,
/// behind two bytes a key that say where each list ends; the latest are not sorted in yet. Takes
/// 4 bytes a posting, up to a quarter of that as room to grow, 1 KiB, and 6 bytes for each of at
/// most 128 that wait. A block holds `limit` postings, more are refused. Throws nothing but
/// std::bad_alloc. Reading: any thread while none changes it.
class PostingBlock {
 public:
  static constexpr std::size_t keys = 512;
  static constexpr std::size_t limit = 65'535;

  /// Adds a posting to the list of `key`, 0..keys - 1, unless the block is full: then false.
  bool insert(std::uint16_t key, std::uint32_t posting);

  /// Takes out every posting for which `is_wanted` is false, and the room to grow.
  void keep_only(const std::function<bool(std::uint32_t)>& is_wanted);

  [[nodiscard]] std::size_t size() const { return sorted_.size() + late_keys_.size(); }
  [[nodiscard]] std::size_t memory_bytes() const;

  /// The sorted part of the list of `key`; more of it may wait.
  [[nodiscard]] std::span<const std::uint32_t> sorted(std::uint16_t key) const {
    if (ends_.empty()) return {};
    const std::size_t begin = key == 0 ? 0 : ends_[key - 1U];
    return {sorted_.data() + begin, ends_[key] - begin};
  }
  /// Adds the part of the list of `key` that waits to be sorted in to `postings`.
  void append_late(std::uint16_t key, std::vector<std::uint32_t>& postings) const;

  /// Asks for the memory that sorted() and append_late() will look at first.
  void prefetch(std::uint16_t key) const {
    __builtin_prefetch(ends_.data() + key);
    __builtin_prefetch(late_keys_.data());
  }

 private:
  void sort_late_in();

  std::vector<std::uint16_t> ends_;  ///< by key: where its list ends in sorted_; empty or all
  std::vector<std::uint32_t> sorted_;
  std::vector<std::uint16_t> late_keys_;
  std::vector<std::uint32_t> late_postings_;  ///< beside late_keys_
};

}  // namespace imgdedup::matching
