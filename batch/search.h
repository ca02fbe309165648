// SPDX-License-Identifier: Apache-2.0
// Measured files -> which has which duplicates.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "batch/encodings.h"
#include "batch/found_map.h"
#include "matching/image_record.h"
#include "matching/local_features.h"
#include "matching/policy.h"
#include "matching/relation.h"

namespace imgdedup::batch {

/// Pairs whose hashes differ in at most `max_distance_bits` (0..64, or 256 of such hashes).
FoundMap find_by_hash(const Encodings& encodings, int max_distance_bits);
/// The same of one file, which must be among them: the map has no other key.
FoundMap find_by_hash(const Encodings& encodings, int max_distance_bits, const std::string& query);

using Digests = std::map<std::string, matching::ContentDigest>;
/// Pairs with the same bytes; distance 0.
FoundMap find_by_content(const Digests& digests);

/// Compares pictures: for each pair of indexes into the files, what was measured, or nothing where
/// it could not be.
using IndexPair = std::pair<std::size_t, std::size_t>;
using Compare =
    std::function<std::vector<std::optional<matching::Comparison>>(const std::vector<IndexPair>&)>;

enum class HitScore : std::uint8_t {
  distance,  ///< of the policy's hash
  ssim,      ///< of the part that both pictures show; 1 where they are the same
};

/// Shots of one series that stand in a relation, by their names and times: in results or not.
enum class Series : std::uint8_t { reported, left_out };

/// Pairs that stand in a relation and belong together without being copies of each other.
struct CompanionCounts {
  std::size_t two_forms = 0;  ///< a RAW and its JPEG, a film and its thumbnail: never in results
  std::size_t series = 0;
};

struct JudgementSearch {
  matching::Policy policy = {};
  /// An index into the files: only pairs with that file are looked at; the others stay keys.
  std::optional<std::size_t> query = std::nullopt;
  HitScore score = HitScore::distance;
  Series series = Series::reported;
};

/// Pairs that stand in a relation by matching::relation_between(), each pair held against each
/// other, never chained. Two contents are compared once, however many files have them; only pairs
/// whose hashes make a relation possible are, and those whose features do.
/// companions: where it is not null, what such pairs there were is added to it.
/// features: of each file, or empty, and then no edits are found.
FoundMap find_by_judgement(std::span<const matching::ImageRecord> files,
                           std::span<const std::optional<matching::PictureFeatures>> features,
                           const JudgementSearch& search, const Compare& compare,
                           CompanionCounts* companions = nullptr);

}  // namespace imgdedup::batch
