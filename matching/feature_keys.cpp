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

// Of real descriptors most bits go with others: keys of bits chosen at random are the same for two
// features of different pictures once in some hundred times, of these once in 13,000. Chosen from
// 198,000 features, one after the other in turn for each table: those that are set about half the
// time and go least with what the table has already. The tables share no bit: a feature that lost a
// bit of one key keeps the others.
constexpr std::array<std::array<std::uint8_t, feature_key_bits>, feature_key_tables> bits{
    {{10, 12, 15, 54, 66, 81, 92, 101, 109, 119, 124, 126, 142, 146, 148, 155, 198, 205, 211, 249},
     {11, 13, 14, 55, 67, 80, 93, 100, 108, 118, 125, 127, 143, 147, 149, 154, 199, 204, 210, 248},
     {0, 32, 34, 51, 64, 70, 130, 139, 153, 161, 173, 177, 179, 184, 190, 197, 208, 225, 230, 241},
     {1,   33,  35,  50,  65,  71,  131, 138, 152, 160,
      172, 176, 178, 185, 187, 191, 196, 209, 231, 240}}};

constexpr std::array<Table, feature_key_tables> make_tables() {
  std::array<Table, feature_key_tables> tables{};
  std::uint64_t state = 20;
  for (std::size_t table = 0; table < tables.size(); ++table) {
    for (const std::uint8_t bit : bits[table])
      tables[table].chosen[bit / 64] |= std::uint64_t{1} << bit % 64;
    for (std::uint64_t& factor : tables[table].factors) factor = next_random(state) | 1;
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
