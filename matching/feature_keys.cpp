// SPDX-License-Identifier: Apache-2.0
// Keys that tell which local features may be the same.
#include "matching/feature_keys.h"

#include <algorithm>

namespace imgdedup::matching {
namespace {

using Descriptor = std::array<std::uint64_t, 4>;

/// SplitMix64: Steele, Lea & Flood, "Fast splittable pseudorandom number generators", 2014.
constexpr std::uint64_t next_random(std::uint64_t& state) {
  std::uint64_t value = state += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

struct Table {
  Descriptor chosen{};   ///< 20 bits set
  Descriptor factors{};  ///< odd
};

// The tables share no bit: a feature that lost a bit of one key keeps the others.
constexpr std::array<Table, feature_key_tables> make_tables() {
  std::array<Table, feature_key_tables> tables{};
  std::uint64_t state = 20;
  std::array<bool, 256> is_taken{};
  for (Table& table : tables) {
    for (int chosen = 0; chosen < feature_key_bits;) {
      const auto bit = static_cast<std::size_t>(next_random(state) % 256);
      if (is_taken[bit]) continue;
      is_taken[bit] = true;
      table.chosen[bit / 64] |= std::uint64_t{1} << bit % 64;
      ++chosen;
    }
    for (std::uint64_t& factor : table.factors) factor = next_random(state) | 1;
  }
  return tables;
}

constexpr std::array<Table, feature_key_tables> tables = make_tables();

}  // namespace

std::uint32_t feature_key(const Descriptor& descriptor, std::size_t table) {
  const Table& by = tables[table];
  std::uint64_t mixed = 0;
  for (std::size_t i = 0; i < descriptor.size(); ++i)
    mixed = (mixed ^ (descriptor[i] & by.chosen[i])) * by.factors[i];
  mixed ^= mixed >> 32;
  return static_cast<std::uint32_t>((mixed * by.factors[0]) >> (64 - feature_key_bits));
}

std::vector<std::uint32_t> feature_keys(const LocalFeatures& features) {
  std::vector<std::uint32_t> keys;
  keys.reserve(features.features.size() * feature_key_tables);
  for (std::size_t table = 0; table < feature_key_tables; ++table)
    for (const LocalFeature& feature : features.features)
      keys.push_back(static_cast<std::uint32_t>(table) << feature_key_bits |
                     feature_key(feature.descriptor, table));
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys;
}

std::size_t count_shared_keys(const std::vector<std::uint32_t>& a,
                              const std::vector<std::uint32_t>& b) {
  std::size_t shared = 0;
  for (auto left = a.begin(), right = b.begin(); left != a.end() && right != b.end();) {
    shared += *left == *right;
    const bool steps_left = *left <= *right;
    right += *right <= *left;
    left += steps_left;
  }
  return shared;
}

}  // namespace imgdedup::matching
