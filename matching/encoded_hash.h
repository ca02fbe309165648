// SPDX-License-Identifier: Apache-2.0
// A perceptual hash of 64 or 256 bits, as the Python libraries write it; its text and its distance.
#pragma once

#include <array>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "matching/fingerprint.h"
#include "matching/hash_definition.h"

namespace imgdedup::matching {

struct EncodedHash {
  static constexpr std::size_t most_words = 4;

  HashSize size = HashSize::eight;
  /// Row by row, the first bit the most significant of the first word. Of 64 bits the other three
  /// words are 0.
  std::array<std::uint64_t, most_words> words{};

  auto operator<=>(const EncodedHash&) const = default;
};

constexpr std::size_t words_of(HashSize size) {
  return static_cast<std::size_t>(bits_of(size)) / 64;
}

/// Number of bits in which two hashes of the same size differ.
constexpr int hamming_distance(const EncodedHash& a, const EncodedHash& b) {
  assert(a.size == b.size);
  int bits = 0;
  for (std::size_t i = 0; i < EncodedHash::most_words; ++i)
    bits += std::popcount(a.words[i] ^ b.words[i]);
  return bits;
}

/// 16 or 64 lower-case hex digits.
std::string to_hex(const EncodedHash& hash);
/// The reverse, of either case; nothing for any other number of digits.
std::optional<EncodedHash> encoded_hash_from_hex(std::string_view hex);

}  // namespace imgdedup::matching
