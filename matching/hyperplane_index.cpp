// SPDX-License-Identifier: Apache-2.0
// Ids of vectors by the side of random hyperplanes on which they lie.
#include "matching/hyperplane_index.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>
#include <limits>
#include <numbers>

#include "matching/vector_matrix.h"

namespace imgdedup::matching {
namespace {

constexpr std::size_t bit_count = HyperplaneIndex::table_count * HyperplaneIndex::bits_per_table;
constexpr std::uint32_t nothing = std::numeric_limits<std::uint32_t>::max();
/// A free slot's next of table 0 says that nothing is there; it has no sketch to be found by.
constexpr HyperplaneIndex::Id no_id = std::numeric_limits<HyperplaneIndex::Id>::min();

// Buckets per table that are looked into, its own included: of the subsets of the `flippable` bits
// whose hyperplanes are nearest, those that cross the least distance.
constexpr std::size_t flippable = 4;
constexpr std::size_t probe_count = 4;
// Going to one id of a bucket costs about as much as looking at so many in a row (measured: 50).
constexpr std::size_t bucket_cost = 64;
// Standard deviations above the expected number of differing bits at which nothing is dropped yet.
constexpr double kept_deviations = 3.5;
constexpr double bound_slack = 1e-4;

/// SplitMix64 (Steele, Lea, Flood 2014), and from it normally distributed numbers (Box, Muller
/// 1958): std::normal_distribution is another on every machine.
class NormalNumbers {
 public:
  explicit NormalNumbers(std::uint64_t seed) : state_(seed) {}

  float next() {
    has_other_ = !has_other_;
    if (has_other_) {
      const double radius = std::sqrt(-2 * std::log(uniform()));
      const double angle = 2 * std::numbers::pi * uniform();
      other_ = static_cast<float>(radius * std::sin(angle));
      return static_cast<float>(radius * std::cos(angle));
    }
    return other_;
  }

 private:
  /// Above 0, up to 1.
  double uniform() {
    state_ += 0x9E3779B97F4A7C15;
    std::uint64_t bits = state_;
    bits = (bits ^ bits >> 30) * 0xBF58476D1CE4E5B9;
    bits = (bits ^ bits >> 27) * 0x94D049BB133111EB;
    bits ^= bits >> 31;
    return static_cast<double>((bits >> 11) + 1) * 0x1p-53;
  }

  std::uint64_t state_;
  float other_ = 0;  ///< numbers come in twos
  bool has_other_ = false;
};

/// Bits in which two vectors of this cosine differ, almost never more.
int most_differing_bits(double similarity) {
  const double angle = std::acos(std::clamp(similarity - bound_slack, -1.0, 1.0));
  const double share = angle / std::numbers::pi;
  const double expected = share * static_cast<double>(bit_count);
  return static_cast<int>(
      std::ceil(expected + kept_deviations * std::sqrt(expected * (1 - share))));
}

using Sketch = std::array<std::uint64_t, bit_count / 64>;

[[gnu::always_inline]] inline int differing_bits(const Sketch& a, const Sketch& b) {
  int count = 0;
  for (std::size_t i = 0; i < a.size(); ++i) count += std::popcount(a[i] ^ b[i]);
  return count;
}

/// The positions in `sketches` of those that differ from `sketch` in at most `max_bits`.
[[gnu::always_inline]] inline void scan(std::span<const Sketch> sketches, const Sketch& sketch,
                                        int max_bits, std::vector<std::uint32_t>& found) {
  for (std::size_t i = 0; i < sketches.size(); ++i)
    if (differing_bits(sketches[i], sketch) <= max_bits)
      found.push_back(static_cast<std::uint32_t>(i));
}

void scan_portable(std::span<const Sketch> sketches, const Sketch& sketch, int max_bits,
                   std::vector<std::uint32_t>& found) {
  scan(sketches, sketch, max_bits, found);
}

#if defined(__x86_64__)
// Without the instruction, counting bits is a call each.
__attribute__((target("popcnt"))) void scan_popcnt(std::span<const Sketch> sketches,
                                                   const Sketch& sketch, int max_bits,
                                                   std::vector<std::uint32_t>& found) {
  scan(sketches, sketch, max_bits, found);
}
#endif

auto fastest_scan() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("popcnt") != 0) return scan_popcnt;
#endif
  return scan_portable;
}

/// What to change in a table's key to get at its nearest buckets, nearest first; its own first.
std::array<std::uint16_t, probe_count> nearest_changes(std::span<const float> distances) {
  std::array<std::uint8_t, HyperplaneIndex::bits_per_table> order{};
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::uint8_t>(i);
  std::partial_sort(order.begin(), order.begin() + flippable, order.end(), [&](auto a, auto b) {
    return std::abs(distances[a]) < std::abs(distances[b]);
  });
  struct Change {
    float cost = 0;
    std::uint16_t bits = 0;
  };
  std::array<Change, std::size_t{1} << flippable> changes{};
  for (std::size_t subset = 1; subset < changes.size(); ++subset) {
    const auto lowest = static_cast<std::size_t>(std::countr_zero(subset));
    const Change& rest = changes[subset & (subset - 1)];
    const float distance = distances[order[lowest]];
    changes[subset] = {rest.cost + distance * distance,
                       static_cast<std::uint16_t>(rest.bits | 1U << order[lowest])};
  }
  std::partial_sort(changes.begin(), changes.begin() + probe_count, changes.end(),
                    [](const Change& a, const Change& b) { return a.cost < b.cost; });
  std::array<std::uint16_t, probe_count> result{};
  for (std::size_t i = 0; i < result.size(); ++i) result[i] = changes[i].bits;
  return result;
}

}  // namespace

HyperplaneIndex::HyperplaneIndex(std::size_t length, std::uint64_t seed) : planes_(length) {
  NormalNumbers numbers(seed);
  std::vector<float> plane(length);
  planes_.reserve(bit_count);
  for (std::size_t bit = 0; bit < bit_count; ++bit) {
    for (float& number : plane) number = numbers.next();
    planes_.add(plane);
  }
}

std::size_t HyperplaneIndex::memory_bytes() const {
  // A node of the map: the pair, the pointer behind it, and what the allocator adds.
  constexpr std::size_t map_bytes = sizeof(std::pair<const Id, Slot>) + 3 * sizeof(void*);
  return planes_.size() * planes_[0].size_bytes() + heads_.capacity() * sizeof(Slot) +
         next_.capacity() * sizeof(Slot) + sketches_.capacity() * sizeof(Sketch) +
         ids_.capacity() * sizeof(Id) + free_slots_.capacity() * sizeof(Slot) +
         slots_.size() * map_bytes;
}

HyperplaneIndex::Sketch HyperplaneIndex::sketch_of(std::span<const float> distances) {
  Sketch sketch{};
  for (std::size_t bit = 0; bit < distances.size(); ++bit)
    sketch[bit / 64] |= std::uint64_t{distances[bit] >= 0} << bit % 64;
  return sketch;
}

std::uint16_t HyperplaneIndex::key_of(const Sketch& sketch, std::size_t table) {
  const std::size_t bit = table * bits_per_table;
  return static_cast<std::uint16_t>(sketch[bit / 64] >> bit % 64);
}

HyperplaneIndex::Slot& HyperplaneIndex::head(std::size_t table, std::uint16_t key) {
  return heads_[table << bits_per_table | key];
}

void HyperplaneIndex::insert(Id id, std::span<const float> vector) {
  assert(id != no_id && !slots_.contains(id));
  if (heads_.empty()) heads_.assign(table_count << bits_per_table, nothing);
  Slot slot = static_cast<Slot>(ids_.size());
  if (free_slots_.empty()) {
    ids_.push_back(id);
    sketches_.emplace_back();
    next_.resize(next_.size() + table_count, nothing);
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
    ids_[slot] = id;
  }
  sketches_[slot] = sketch_of(planes_.times(vector));
  for (std::size_t table = 0; table < table_count; ++table) {
    Slot& first = head(table, key_of(sketches_[slot], table));
    next_[slot * table_count + table] = first;
    first = slot;
  }
  slots_.emplace(id, slot);
}

void HyperplaneIndex::unlink(std::size_t table, Slot slot) {
  Slot* link = &head(table, key_of(sketches_[slot], table));
  while (*link != slot) link = &next_[*link * table_count + table];
  *link = next_[slot * table_count + table];
}

bool HyperplaneIndex::remove(Id id) {
  const auto found = slots_.find(id);
  if (found == slots_.end()) return false;
  const Slot slot = found->second;
  for (std::size_t table = 0; table < table_count; ++table) unlink(table, slot);
  ids_[slot] = no_id;
  free_slots_.push_back(slot);
  slots_.erase(found);
  return true;
}

bool HyperplaneIndex::visit_tables(std::span<const float> distances, const Sketch& sketch,
                                   int max_bits, std::size_t most, std::vector<Slot>& found,
                                   std::size_t& looked_at) const {
  std::vector<Slot> visited;
  for (std::size_t table = 0; table < table_count; ++table) {
    const auto changes = nearest_changes(distances.subspan(table * bits_per_table, bits_per_table));
    const std::uint16_t key = key_of(sketch, table);
    for (const std::uint16_t change : changes)
      for (Slot slot = heads_[table << bits_per_table | (key ^ change)]; slot != nothing;
           slot = next_[slot * table_count + table]) {
        if (visited.size() >= most) return false;
        visited.push_back(slot);
      }
  }
  looked_at = visited.size();
  std::sort(visited.begin(), visited.end());
  visited.erase(std::unique(visited.begin(), visited.end()), visited.end());
  std::vector<std::uint32_t> near;
  const auto scan_one = fastest_scan();
  for (const Slot slot : visited) {
    near.clear();
    scan_one(std::span(&sketches_[slot], 1), sketch, max_bits, near);
    if (!near.empty()) found.push_back(slot);
  }
  return true;
}

void HyperplaneIndex::visit_all(const Sketch& sketch, int max_bits,
                                std::vector<Slot>& found) const {
  fastest_scan()(sketches_, sketch, max_bits, found);
  if (!free_slots_.empty()) std::erase_if(found, [this](Slot slot) { return ids_[slot] == no_id; });
}

std::vector<HyperplaneIndex::Match> HyperplaneIndex::exact(const std::vector<Slot>& found,
                                                           std::span<const float> vector,
                                                           double min_similarity,
                                                           const VectorOf& vector_of) const {
  std::vector<Match> matches;
  for (const Slot slot : found) {
    const auto other = vector_of(ids_[slot]);
    if (other.empty()) continue;
    const double similarity = cosine_of(vector, other);
    if (similarity >= min_similarity - cosine_tolerance)
      matches.push_back({ids_[slot], similarity});
  }
  std::sort(matches.begin(), matches.end(), [](const Match& a, const Match& b) {
    return a.similarity != b.similarity ? a.similarity > b.similarity : a.id < b.id;
  });
  return matches;
}

std::vector<HyperplaneIndex::Match> HyperplaneIndex::within(std::span<const float> vector,
                                                            double min_similarity,
                                                            const VectorOf& vector_of) const {
  if (slots_.empty()) return {};
  const auto distances = planes_.times(vector);
  const Sketch sketch = sketch_of(distances);
  const int max_bits = most_differing_bits(min_similarity);
  std::vector<Slot> found;
  std::size_t looked_at = 0;
  if (min_similarity < table_similarity ||
      !visit_tables(distances, sketch, max_bits, ids_.size() / bucket_cost, found, looked_at)) {
    found.clear();
    visit_all(sketch, max_bits, found);
  }
  return exact(found, vector, min_similarity, vector_of);
}

std::vector<HyperplaneIndex::Match> HyperplaneIndex::within(std::span<const float> vector,
                                                            double min_similarity,
                                                            const VectorOf& vector_of, Way way,
                                                            std::size_t& looked_at) const {
  looked_at = 0;
  if (slots_.empty()) return {};
  const auto distances = planes_.times(vector);
  const Sketch sketch = sketch_of(distances);
  const int max_bits = most_differing_bits(min_similarity);
  std::vector<Slot> found;
  if (way == Way::tables) {
    visit_tables(distances, sketch, max_bits, std::numeric_limits<std::size_t>::max(), found,
                 looked_at);
  } else {
    looked_at = ids_.size();
    visit_all(sketch, max_bits, found);
  }
  return exact(found, vector, min_similarity, vector_of);
}

}  // namespace imgdedup::matching
