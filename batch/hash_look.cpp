// SPDX-License-Identifier: Apache-2.0
// By which method hashes seem to have been made: what they themselves show of it.
#include "batch/hash_look.h"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <set>

namespace imgdedup::batch {
namespace {

using matching::EncodedHash;
using matching::HashKind;
using matching::HashLibrary;

// Chosen on 50,000 samples of 20 to 300 out of 526 pictures, hashed by either library: where a
// method was named it was the wrong one once.
constexpr std::size_t fewest_hashes = 20;
constexpr double least_share_with_median = 0.6;
constexpr double most_share_without_median = 0.45;
constexpr double least_share_above_median = 0.3;

int bits_set(const EncodedHash& hash) {
  int bits = 0;
  for (const std::uint64_t word : hash.words) bits += std::popcount(word);
  return bits;
}

/// The share of neighbours in a row that are equal.
double run_of(const EncodedHash& hash) {
  const int side = side_of(hash.size);
  const auto bit = [&hash](int at) {
    return hash.words[static_cast<std::size_t>(at / 64)] >> (63 - at % 64) & 1U;
  };
  int equal = 0;
  for (int row = 0; row < side; ++row)
    for (int column = 1; column < side; ++column)
      equal += bit(row * side + column) == bit(row * side + column - 1) ? 1 : 0;
  return static_cast<double>(equal) / (side * (side - 1));
}

/// Made in place: g++ 12 takes a copy of its empty member for the use of an uninitialised one.
std::optional<HashLook> look_like(HashKind kind) {
  std::optional<HashLook> look(std::in_place);
  look->kind = kind;
  return look;
}

}  // namespace

std::optional<HashLook> look_of(const Encodings& encodings) {
  // Copies of one picture show no more than that picture.
  std::set<EncodedHash> hashes;
  for (const auto& [name, hash] : encodings) hashes.insert(hash);
  if (hashes.size() < fewest_hashes) return std::nullopt;
  double half = 0, one_more = 0, run = 0;
  for (const EncodedHash& hash : hashes) {
    const int beyond_half = bits_set(hash) - bits_of(hash.size) / 2;
    half += beyond_half == 0 ? 1 : 0;
    one_more += beyond_half == 1 ? 1 : 0;
    run += run_of(hash);
  }
  const auto count = static_cast<double>(hashes.size());
  half /= count;
  one_more /= count;
  run /= count;
  if (half + one_more >= least_share_with_median) {
    if (run >= 0.67) return look_like(HashKind::whash);
    if (run > 0.63) return std::nullopt;
    auto look = look_like(HashKind::phash);
    look->library =
        one_more >= least_share_above_median ? HashLibrary::imagededup : HashLibrary::imagehash;
    return look;
  }
  if (half + one_more > most_share_without_median) return std::nullopt;
  if (run >= 0.69) return look_like(HashKind::ahash);
  if (run <= 0.63) return look_like(HashKind::dhash);
  return std::nullopt;
}

std::string method_text(const HashLook& look) {
  std::string text(matching::name_of(look.kind));
  if (look.library == HashLibrary::imagehash) text += " --compat imagehash";
  if (look.library == HashLibrary::imagededup) text += " --compat imagededup";
  return text;
}

bool contradicts(const HashLook& look, const matching::HashDefinition& definition) {
  return look.kind != definition.kind || (look.library && *look.library != definition.library);
}

}  // namespace imgdedup::batch
