// SPDX-License-Identifier: Apache-2.0
// Whose definition of which perceptual hash, and how large.
#pragma once

#include <cstdint>

#include "matching/fingerprint.h"

namespace imgdedup::matching {

/// The Python libraries whose hashes are given digit for digit.
enum class HashLibrary : std::uint8_t { imagededup, imagehash };

/// The number of rows, and of bits a row.
enum class HashSize : std::uint8_t { eight = 8, sixteen = 16 };

constexpr int side_of(HashSize size) { return static_cast<int>(size); }
/// 64 or 256.
constexpr int bits_of(HashSize size) { return side_of(size) * side_of(size); }

struct HashDefinition {
  HashLibrary library = HashLibrary::imagededup;
  HashKind kind = HashKind::phash;
  HashSize size = HashSize::eight;

  bool operator==(const HashDefinition&) const = default;
};

}  // namespace imgdedup::matching
