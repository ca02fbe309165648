// SPDX-License-Identifier: Apache-2.0
// A leaf of the BK-tree.
#include "matching/hash_bucket.h"

#include <algorithm>
#include <cassert>
#include <limits>
#include <utility>

namespace imgdedup::matching {
namespace {

/// Scan kernels do this many hashes a round.
constexpr std::size_t scan_step = 32;
constexpr std::size_t hashes_per_line = 8;
constexpr std::size_t bytes_per_entry = sizeof(PerceptualHash) + sizeof(std::uint32_t);

std::size_t distance(PerceptualHash a, PerceptualHash b) {
  return static_cast<std::size_t>(hamming_distance(a, b));
}

/// Distances of hashes to a pivot that lie within `radius_bits` of `center`: first and last.
std::pair<std::size_t, std::size_t> window_around(int center, int radius_bits) {
  return {static_cast<std::size_t>(std::max(0, center - radius_bits)),
          static_cast<std::size_t>(std::min(64, center + radius_bits))};
}

constexpr std::size_t round_up(std::size_t value, std::size_t step) {
  return (value + step - 1) / step * step;
}

}  // namespace

PerceptualHash pick_pivot(std::span<const HashEntry> entries,
                          std::optional<PerceptualHash> not_this) {
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
    if (candidate == not_this) continue;
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
  first_pivot_ = pick_pivot(entries);
  second_pivot_ = pick_pivot(entries, first_pivot_);
  set_capacity(entries.size());
  size_ = static_cast<std::uint16_t>(entries.size());

  CellEnds& ends = *ends_;
  for (const HashEntry& entry : entries) {
    ++ends[cell_of(entry.hash)];
    ++second_ends_[distance(entry.hash, second_pivot_)];
  }
  for (std::size_t d = 1; d < distances; ++d)
    second_ends_[d] = static_cast<std::uint16_t>(second_ends_[d] + second_ends_[d - 1]);
  std::uint16_t sum = 0;
  for (std::uint16_t& end : ends) end = sum = static_cast<std::uint16_t>(sum + end);
  // Each cell is filled from its end, which so becomes its begin: the end of the one before.
  for (const HashEntry& entry : entries) {
    const std::size_t position = --ends[cell_of(entry.hash)];
    hashes()[position] = entry.hash;
    ids()[position] = entry.id;
  }
  std::copy(ends.begin() + 1, ends.end(), ends.begin());
  ends.back() = size_;
}

std::size_t HashBucket::cell_of(PerceptualHash hash) const {
  return distance(hash, first_pivot_) * distances + distance(hash, second_pivot_);
}

PerceptualHash* HashBucket::hashes() const {
  return reinterpret_cast<PerceptualHash*>(block_.get());
}

std::uint32_t* HashBucket::ids() const {
  return reinterpret_cast<std::uint32_t*>(block_.get() + capacity_ * sizeof(PerceptualHash));
}

void HashBucket::set_capacity(std::size_t wanted) {
  const std::size_t capacity = round_up(wanted, scan_step);
  if (capacity == 0) {
    block_.reset();
    ends_.reset();
    capacity_ = 0;
    return;
  }
  if (!ends_) ends_ = std::make_unique<CellEnds>();
  const std::size_t bytes = capacity * bytes_per_entry;
  std::unique_ptr<std::byte[], FreeBlock> block(
      static_cast<std::byte*>(::operator new (bytes, std::align_val_t{alignment})));
  auto* new_hashes = reinterpret_cast<PerceptualHash*>(block.get());
  auto* new_ids = reinterpret_cast<std::uint32_t*>(block.get() + capacity * sizeof(PerceptualHash));
  // Touched from end to end first, memory comes from neighbouring pages, which are read faster; and
  // a scan may run past the last entry.
  std::fill_n(new_hashes, capacity, PerceptualHash{});
  std::copy_n(hashes(), size(), new_hashes);
  std::copy_n(ids(), size(), new_ids);
  block_ = std::move(block);
  capacity_ = static_cast<std::uint16_t>(capacity);
}

void HashBucket::insert(HashEntry entry) {
  assert(size() < limit);
  if (size() == 0) first_pivot_ = second_pivot_ = entry.hash;
  if (size() == capacity_) set_capacity(std::min(limit, size() + size() / 4 + 1));
  const std::size_t cell = cell_of(entry.hash);
  std::uint16_t* const ends = ends_->data();
  PerceptualHash* const all_hashes = hashes();
  std::uint32_t* const all_ids = ids();
  // The gap behind the last cell moves down cell by cell: the first entry becomes the last.
  std::size_t end = size();
  for (std::size_t other = ends_->size() - 1; other > cell; --other) {
    const std::size_t begin = ends[other - 1];
    ++ends[other];
    if (begin == end) continue;
    all_hashes[end] = all_hashes[begin];
    all_ids[end] = all_ids[begin];
    end = begin;
  }
  ++ends[cell];
  all_hashes[end] = entry.hash;
  all_ids[end] = entry.id;
  for (std::size_t d = cell % distances; d < distances; ++d) ++second_ends_[d];
  ++size_;
}

bool HashBucket::remove(HashEntry entry) {
  if (size() == 0) return false;
  const std::size_t cell = cell_of(entry.hash);
  std::uint16_t* const ends = ends_->data();
  PerceptualHash* const all_hashes = hashes();
  std::uint32_t* const all_ids = ids();
  std::size_t gap = cell_begin(cell);
  while (gap < ends[cell] && (all_ids[gap] != entry.id || all_hashes[gap] != entry.hash)) ++gap;
  if (gap == ends[cell]) return false;
  // The gap moves up cell by cell: the last entry becomes the first. It passes empty cells.
  for (std::size_t other = cell; other < ends_->size(); ++other) {
    const std::size_t last = --ends[other];
    if (last == gap) continue;
    all_hashes[gap] = all_hashes[last];
    all_ids[gap] = all_ids[last];
    gap = last;
  }
  for (std::size_t d = cell % distances; d < distances; ++d) --second_ends_[d];
  --size_;
  if (size() < capacity_ / 2U) set_capacity(size() + size() / 4);
  return true;
}

void HashBucket::collect(PerceptualHash query, int radius_bits, ScanFunction scan,
                         std::vector<HashMatch>& matches) const {
  if (size() == 0) return;
  // So many hashes are scanned in the time that starting anew costs.
  constexpr std::size_t gap_worth_skipping = 256;
  constexpr std::size_t fullest_row_share = 8;  // a row holds at most about an eighth
  const CellEnds& ends = *ends_;
  const auto [first, last] = window_around(hamming_distance(query, first_pivot_), radius_bits);
  // No structured binding: clang 14, which fuzzes us, lets no lambda have one.
  const auto columns = window_around(hamming_distance(query, second_pivot_), radius_bits);
  const std::size_t left = columns.first;
  const std::size_t right = columns.second;
  const auto row_part = [&](std::size_t row) {
    return Stretch{cell_begin(row * distances + left), ends[row * distances + right]};
  };
  // Where no row has a gap worth skipping none is asked: each look-up may wait for memory.
  const std::size_t inside = second_ends_[right] - (left == 0 ? 0U : second_ends_[left - 1]);
  if (size() - inside < gap_worth_skipping * fullest_row_share) {
    scan_stretch({row_part(first).begin, row_part(last).end}, query, radius_bits, scan, matches);
    return;
  }
  Stretch open{0, 0};
  for (std::size_t row = first; row <= last; ++row) {
    const Stretch next = row_part(row);
    if (next.begin == next.end) continue;
    if (next.begin - open.end >= gap_worth_skipping) {
      scan_stretch(open, query, radius_bits, scan, matches);
      open.begin = next.begin;
    } else if (open.begin == open.end) {
      open.begin = next.begin;
    }
    open.end = next.end;
  }
  scan_stretch(open, query, radius_bits, scan, matches);
}

/// Scans whole vectors from an aligned start to a multiple of scan_step, so there is no remainder;
/// the neighbours looked at besides cannot match, what lies behind the last entry is passed over.
void HashBucket::scan_stretch(Stretch stretch, PerceptualHash query, int radius_bits,
                              ScanFunction scan, std::vector<HashMatch>& matches) const {
  if (stretch.begin == stretch.end) return;
  stretch.begin = stretch.begin / hashes_per_line * hashes_per_line;
  stretch.end = std::min<std::size_t>(
      stretch.begin + round_up(stretch.end - stretch.begin, scan_step), capacity_);
  std::array<std::uint32_t, 4096> positions;  // left unset: scan writes what is read
  for (; stretch.begin < stretch.end; stretch.begin += positions.size()) {
    const std::size_t count = std::min(positions.size(), stretch.end - stretch.begin);
    const std::size_t found =
        scan({hashes() + stretch.begin, count}, query, radius_bits, positions.data());
    for (std::size_t i = 0; i < found; ++i) {
      const std::size_t position = stretch.begin + positions[i];
      if (position >= size()) return;
      matches.push_back({ids()[position], hamming_distance(hashes()[position], query)});
    }
  }
}

void HashBucket::prefetch() const {
  const auto* bytes = reinterpret_cast<const std::byte*>(this);
  for (std::size_t offset = 0; offset < sizeof *this; offset += alignment)
    __builtin_prefetch(bytes + offset);
}

void HashBucket::prefetch_cells(PerceptualHash query, int radius_bits) const {
  if (size() == 0) return;
  const auto [first, last] = window_around(hamming_distance(query, first_pivot_), radius_bits);
  const auto [left, right] = window_around(hamming_distance(query, second_pivot_), radius_bits);
  const std::uint16_t* const ends = ends_->data();
  // Of many rows most will not be asked, see collect().
  constexpr std::size_t few_rows = 9;
  const std::size_t step = last - first < few_rows ? 1 : last - first;
  for (std::size_t row = first; row <= last; row += step) {
    __builtin_prefetch(ends + row * distances + left);
    __builtin_prefetch(ends + row * distances + right);
  }
}

void HashBucket::prefetch_hashes(PerceptualHash query, int radius_bits) const {
  if (size() == 0) return;
  constexpr std::size_t lines_ahead = 8;
  const auto [first, last] = window_around(hamming_distance(query, first_pivot_), radius_bits);
  const auto [left, right] = window_around(hamming_distance(query, second_pivot_), radius_bits);
  const std::size_t begin = cell_begin(first * distances + left);
  const std::size_t end = std::min<std::size_t>((*ends_)[last * distances + right],
                                                begin + lines_ahead * hashes_per_line);
  for (std::size_t i = begin; i < end; i += hashes_per_line) __builtin_prefetch(hashes() + i);
}

void HashBucket::append_entries_to(std::vector<HashEntry>& entries) const {
  for (std::size_t i = 0; i < size(); ++i) entries.push_back({hashes()[i], ids()[i]});
}

std::size_t HashBucket::heap_bytes() const {
  return capacity_ * bytes_per_entry + (ends_ ? sizeof(CellEnds) : 0);
}

}  // namespace imgdedup::matching
