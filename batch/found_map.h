// SPDX-License-Identifier: Apache-2.0
// Which file has which duplicates: the result of find, as values and as JSON.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace imgdedup::batch {

struct Hit {
  std::string name;
  int distance_bits = 0;  ///< 0..64, or 256 of hashes of that size
  /// Of vectors their cosine, of local features the SSIM, -1..1. All hits of a map have one, or
  /// none has.
  std::optional<double> similarity = {};

  bool operator==(const Hit&) const = default;
};

/// Every readable file is a key. Symmetric: if b is among a's hits then a is among b's.
using FoundMap = std::map<std::string, std::vector<Hit>>;

/// Enters the pair on both sides. Both must be keys.
void add_pair(FoundMap& found, const std::string& a, const std::string& b, int distance_bits);
void add_pair(FoundMap& found, const std::string& a, const std::string& b, double similarity);

/// Orders the hits of each file, nearest first, then by name, and cuts them to `neighbours` (0:
/// all). A cut map need not be symmetric any more.
void order_hits(FoundMap& found, std::size_t neighbours);

/// The files to remove so that no two duplicates stay, by imagededup's rule: in alphabetical order,
/// the hits of a file that is kept go, those of a file that goes are not followed. Sorted.
std::vector<std::string> files_to_remove(const FoundMap& found);

/// How many of the files stay because nothing resembles them, stay for others, and go for others
/// (by files_to_remove()).
struct Tally {
  std::size_t unique = 0, originals = 0, duplicates = 0;

  bool operator==(const Tally&) const = default;
};
Tally tally(const FoundMap& found);

enum class Scores : std::uint8_t { omit, include };

/// {file: [duplicate, ...]}, or {file: [[duplicate, distance or similarity], ...]} with scores.
nlohmann::json to_json(const FoundMap& found, Scores scores);

/// What a reader of found or truth maps needs: names only; `[name, score]` pairs lose their score.
using NameMap = std::map<std::string, std::vector<std::string>>;
/// Throws std::runtime_error naming `source` when `json` is no such map.
NameMap name_map_from_json(const nlohmann::json& json, std::string_view source);

}  // namespace imgdedup::batch
