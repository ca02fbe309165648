// SPDX-License-Identifier: Apache-2.0
// A perceptual hash of 64 or 256 bits, as text.
#include "matching/encoded_hash.h"

namespace imgdedup::matching {
namespace {

constexpr std::size_t digits_a_word = 16;

}  // namespace

std::string to_hex(const EncodedHash& hash) {
  std::string text;
  for (std::size_t i = 0; i < words_of(hash.size); ++i)
    text += to_hex(PerceptualHash{hash.words[i]});
  return text;
}

std::optional<EncodedHash> encoded_hash_from_hex(std::string_view hex) {
  EncodedHash hash;
  if (hex.size() == EncodedHash::most_words * digits_a_word)
    hash.size = HashSize::sixteen;
  else if (hex.size() != digits_a_word)
    return std::nullopt;
  for (std::size_t i = 0; i < words_of(hash.size); ++i) {
    const auto word = perceptual_hash_from_hex(hex.substr(i * digits_a_word, digits_a_word));
    if (!word) return std::nullopt;
    hash.words[i] = word->bits;
  }
  return hash;
}

}  // namespace imgdedup::matching
