// SPDX-License-Identifier: Apache-2.0
// How well a found map agrees with the truth: imagededup's metrics.
#pragma once

#include <array>
#include <cstddef>

#include "batch/found_map.h"

namespace imgdedup::batch {

/// Means over all files of the truth, 0..1.
struct RankingMetrics {
  double map = 0;      ///< mean average precision
  double ndcg = 0;     ///< normalised discounted cumulative gain
  double jaccard = 0;  ///< common over all, of the two sets
};

/// Over all unordered pairs of files; index 0: pairs that are no duplicates, 1: that are.
struct PairMetrics {
  std::array<double, 2> precision{}, recall{}, f1_score{};  ///< 0 where nothing is divided by
  std::array<std::size_t, 2> support{};                     ///< pairs of the truth
};

/// Throws std::runtime_error naming a file when the two maps have different keys, when either names
/// a file that is no key, or when the truth is not symmetric. What was found need not be: the
/// nearest few of each are not.
void check_maps(const NameMap& truth, const NameMap& found);

/// The maps must have passed check_maps(). A file with neither truth nor hits counts 1, with only
/// one of them 0. Average precision: the sum of the precision at each hit that is right, over the
/// number of right ones. NDCG: gain 2^relevance - 1, discount log2(rank + 1), the ideal order that
/// of the hits themselves. As in imagededup (evaluation/information_retrieval.py).
RankingMetrics ranking_metrics(const NameMap& truth, const NameMap& found);

/// The maps must have passed check_maps(). A pair is found when either side names the other.
PairMetrics pair_metrics(const NameMap& truth, const NameMap& found);

}  // namespace imgdedup::batch
