// SPDX-License-Identifier: Apache-2.0
// The methods by which find, encode and to-remove look at pictures.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "matching/fingerprint.h"

namespace imgdedup::batch {

enum class Method : std::uint8_t {
  md5,    ///< the same bytes (told by SHA-256, which no two different files share); damaged or not
  ahash,  ///< the perceptual hash of that name, within a Hamming distance
  dhash,
  phash,
  whash,
  cnn,    ///< vectors of a network, at a least cosine
  local,  ///< the same place in both by local features, confirmed by looking: edited copies
  all,    ///< the service's own judgement: relation_between() with its defaults
};

inline constexpr std::array<std::string_view, 8> method_names{"md5",   "ahash", "dhash", "phash",
                                                              "whash", "cnn",   "local", "all"};

/// The hash behind a method; nothing for the others.
constexpr std::optional<matching::HashKind> hash_kind_of(Method method) {
  switch (method) {
    case Method::ahash:
      return matching::HashKind::ahash;
    case Method::dhash:
      return matching::HashKind::dhash;
    case Method::phash:
      return matching::HashKind::phash;
    case Method::whash:
      return matching::HashKind::whash;
    case Method::md5:
    case Method::cnn:
    case Method::local:
    case Method::all:
      break;
  }
  return std::nullopt;
}

/// Whether a method compares vectors, by their similarity, instead of hashes by their distance.
constexpr bool compares_vectors(Method method) { return method == Method::cnn; }

}  // namespace imgdedup::batch
