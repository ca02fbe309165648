// SPDX-License-Identifier: Apache-2.0
// Keys that tell which local features may be the same: a few bits of their descriptors.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "matching/local_features.h"

namespace imgdedup::matching {

/// Keys that are taken of each descriptor.
inline constexpr std::size_t feature_key_tables = 4;
/// Bits of the descriptor that each key is made from, and bits that it has.
inline constexpr int feature_key_bits = 20;

/// Key number `table`, 0..feature_key_tables - 1: a fixed mixture of 20 of the 256 bits; below
/// 2^feature_key_bits. Two descriptors that agree in these bits have the same key; two others share
/// one by chance, once in 2^20 times if their bits are random.
/// Indyk & Motwani, "Approximate nearest neighbors", STOC 1998: bit sampling for Hamming distance.
std::uint32_t feature_key(const std::array<std::uint64_t, 4>& descriptor, std::size_t table);

/// All keys of all features, each with its table above the key's bits: ascending, none twice.
std::vector<std::uint32_t> feature_keys(const LocalFeatures& features);

/// How many keys two such lists have in common.
std::size_t count_shared_keys(const std::vector<std::uint32_t>& a,
                              const std::vector<std::uint32_t>& b);

}  // namespace imgdedup::matching
