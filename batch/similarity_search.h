// SPDX-License-Identifier: Apache-2.0
// Vectors -> which file has which duplicates.
#pragma once

#include <cstddef>
#include <string>

#include "batch/found_map.h"
#include "batch/vectors.h"

namespace imgdedup::batch {

/// Most vectors of which every pair is looked at. Beyond, an index is asked for each, which finds
/// at least 99 of 100 pairs at the bound itself.
inline constexpr std::size_t most_compared_by_pairs = 200'000;

/// Pairs whose cosine is at least `min_similarity` (-1..1), by one thread a core. Every such pair
/// up to `most_by_pairs` vectors; beyond that it says on standard error that some may be missed.
FoundMap find_by_similarity(const Vectors& vectors, double min_similarity,
                            std::size_t most_by_pairs = most_compared_by_pairs);
/// The same of one file, which must be among them: the map has no other key. Misses nothing.
FoundMap find_by_similarity(const Vectors& vectors, double min_similarity,
                            const std::string& query);

}  // namespace imgdedup::batch
