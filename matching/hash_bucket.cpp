// SPDX-License-Identifier: Apache-2.0
// A leaf of the BK-tree.
#include "matching/hash_bucket.h"

#include <algorithm>
#include <cassert>
#include <limits>
#include <utility>

namespace imgdedup::matching {
namespace {

constexpr std::size_t bytes_per_entry = sizeof(PerceptualHash) + sizeof(std::uint32_t);

std::size_t distance(PerceptualHash a, PerceptualHash b) {
  return static_cast<std::size_t>(hamming_distance(a, b));
}

constexpr std::size_t round_up(std::size_t value, std::size_t step) {
  return (value + step - 1) / step * step;
}

}  // namespace

PerceptualHash pick_pivot(std::span<const HashEntry> entries) {
  constexpr std::size_t candidates = 8;
  constexpr std::size_t samples = 64;
  assert(!entries.empty());
  const auto spread = [&](std::size_t i, std::size_t n) {
    return entries[i * entries.size() / n].hash;
  };
  PerceptualHash best = entries.front().hash;
  unsigned best_cost = std::numeric_limits<unsigned>::max();
  for (std::size_t c = 0; c < candidates; ++c) {
    const PerceptualHash candidate = spread(c, candidates);
    std::array<std::uint8_t, 65> counts{};
    for (std::size_t s = 0; s < samples; ++s) ++counts[distance(candidate, spread(s, samples))];
    // Chances that two samples stay together: what a query has to look at in vain.
    unsigned cost = 0;
    for (std::size_t d = 1; d < counts.size(); ++d) cost += unsigned{counts[d]} * counts[d];
    if (cost < best_cost) {
      best_cost = cost;
      best = candidate;
    }
  }
  return best;
}

std::array<std::size_t, 65> order_by_distance(std::span<HashEntry> entries, PerceptualHash pivot) {
  std::array<std::size_t, 65> ends{};
  for (const HashEntry& entry : entries) ++ends[distance(entry.hash, pivot)];
  std::array<std::size_t, 65> next{};
  std::size_t sum = 0;
  for (std::size_t d = 0; d < ends.size(); ++d) {
    next[d] = sum;
    sum += ends[d];
    ends[d] = sum;
  }
  for (std::size_t d = 0; d < ends.size(); ++d) {
    while (next[d] < ends[d]) {
      HashEntry carried = entries[next[d]];
      for (std::size_t to = distance(carried.hash, pivot); to != d;
           to = distance(carried.hash, pivot))
        std::swap(carried, entries[next[to]++]);
      entries[next[d]++] = carried;
    }
  }
  return ends;
}

HashBucket::HashBucket(std::span<const HashEntry> entries) {
  assert(entries.size() <= limit);
  if (entries.empty()) return;
  pivot_ = pick_pivot(entries);
  set_capacity(entries.size());
  for (const HashEntry& entry : entries) ++ends_[distance(entry.hash, pivot_)];
  std::array<std::uint16_t, 65> next{};
  for (std::size_t d = 1; d < ends_.size(); ++d) {
    next[d] = ends_[d - 1];
    ends_[d] = static_cast<std::uint16_t>(ends_[d] + ends_[d - 1]);
  }
  for (const HashEntry& entry : entries) {
    const std::size_t position = next[distance(entry.hash, pivot_)]++;
    hashes()[position] = entry.hash;
    ids()[position] = entry.id;
  }
}

PerceptualHash* HashBucket::hashes() const {
  return reinterpret_cast<PerceptualHash*>(block_.get());
}

std::uint32_t* HashBucket::ids() const {
  return reinterpret_cast<std::uint32_t*>(block_.get() + capacity_ * sizeof(PerceptualHash));
}

void HashBucket::set_capacity(std::size_t wanted) {
  const std::size_t capacity = round_up(wanted, 8);
  if (capacity == 0) {
    block_.reset();
    capacity_ = 0;
    return;
  }
  std::unique_ptr<std::byte[], FreeBlock> block(static_cast<std::byte*>(
      ::operator new (capacity* bytes_per_entry, std::align_val_t{alignment})));
  auto* new_hashes = reinterpret_cast<PerceptualHash*>(block.get());
  auto* new_ids = reinterpret_cast<std::uint32_t*>(block.get() + capacity * sizeof(PerceptualHash));
  std::copy_n(hashes(), size(), new_hashes);
  std::copy_n(ids(), size(), new_ids);
  block_ = std::move(block);
  capacity_ = static_cast<std::uint16_t>(capacity);
}

void HashBucket::insert(HashEntry entry) {
  assert(size() < limit);
  if (size() == 0) pivot_ = entry.hash;
  if (size() == capacity_)
    set_capacity(std::min(limit, std::max<std::size_t>(capacity_ + capacity_ / 4, 16)));
  const std::size_t ring = distance(entry.hash, pivot_);
  // A gap at the end of the last ring moves down ring by ring: the first entry becomes the last.
  for (std::size_t d = ends_.size() - 1; d > ring; --d) {
    const std::size_t begin = ring_begin(d);
    hashes()[ends_[d]] = hashes()[begin];
    ids()[ends_[d]] = ids()[begin];
    ++ends_[d];
  }
  hashes()[ends_[ring]] = entry.hash;
  ids()[ends_[ring]] = entry.id;
  ++ends_[ring];
}

bool HashBucket::remove(HashEntry entry) {
  const std::size_t ring = distance(entry.hash, pivot_);
  std::size_t gap = ring_begin(ring);
  while (gap < ends_[ring] && (ids()[gap] != entry.id || hashes()[gap] != entry.hash)) ++gap;
  if (gap == ends_[ring]) return false;
  // The gap moves up ring by ring: the last entry becomes the first. It passes empty rings.
  for (std::size_t d = ring; d < ends_.size(); ++d) {
    const std::size_t last = --ends_[d];
    hashes()[gap] = hashes()[last];
    ids()[gap] = ids()[last];
    gap = last;
  }
  if (size() < capacity_ / 2U) set_capacity(size() + size() / 4);
  return true;
}

HashBucket::Stretch HashBucket::stretch_within(PerceptualHash query, int radius_bits) const {
  const int center = hamming_distance(query, pivot_);
  const auto first = static_cast<std::size_t>(std::max(0, center - radius_bits));
  const auto last = static_cast<std::size_t>(std::min(64, center + radius_bits));
  return {ring_begin(first), ends_[last]};
}

void HashBucket::prefetch(PerceptualHash query, int radius_bits) const {
  const Stretch stretch = stretch_within(query, radius_bits);
  constexpr std::size_t hashes_per_line = 8, lines_ahead = 4;
  const std::size_t end = std::min(stretch.end, stretch.begin + lines_ahead * hashes_per_line);
  for (std::size_t i = stretch.begin; i < end; i += hashes_per_line)
    __builtin_prefetch(hashes() + i);
}

void HashBucket::collect(PerceptualHash query, int radius_bits, ScanFunction scan,
                         std::vector<HashMatch>& matches) const {
  Stretch stretch = stretch_within(query, radius_bits);
  if (stretch.begin == stretch.end) return;
  // Whole vectors from an aligned start: the neighbours looked at besides cannot match.
  stretch.begin = stretch.begin / 8 * 8;
  std::array<std::uint32_t, limit> positions;  // left unset: scan writes what is read
  const std::size_t found = scan({hashes() + stretch.begin, stretch.end - stretch.begin}, query,
                                 radius_bits, positions.data());
  for (std::size_t i = 0; i < found; ++i) {
    const std::size_t position = stretch.begin + positions[i];
    matches.push_back({ids()[position], hamming_distance(hashes()[position], query)});
  }
}

void HashBucket::append_entries_to(std::vector<HashEntry>& entries) const {
  for (std::size_t i = 0; i < size(); ++i) entries.push_back({hashes()[i], ids()[i]});
}

std::size_t HashBucket::heap_bytes() const { return capacity_ * bytes_per_entry; }

}  // namespace imgdedup::matching
