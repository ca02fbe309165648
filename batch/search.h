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

/// Pairs that stand in a relation by matching::relation_between(), each pair held against each
/// other, never chained; the distance is that of the policy's hash. Two contents are compared once,
/// however many files have them; only pairs whose hashes make a relation possible are. With
/// `query`, an index into the files, only pairs with that file are looked at; the others stay keys.
FoundMap find_by_judgement(std::span<const matching::ImageRecord> files,
                           const matching::Policy& policy, const Compare& compare,
                           std::optional<std::size_t> query = std::nullopt);

}  // namespace imgdedup::batch
