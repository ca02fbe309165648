// SPDX-License-Identifier: Apache-2.0
// Vectors -> which file has which duplicates.
#include "batch/similarity_search.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <iterator>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "batch/progress.h"
#include "matching/hyperplane_index.h"
#include "matching/vector_matrix.h"

namespace imgdedup::batch {
namespace {

using matching::HyperplaneIndex;
using matching::VectorMatrix;
using Pairs = std::vector<VectorMatrix::Pair>;

constexpr std::size_t block_rows = 128;
// Which buckets are looked into depends on it, and nothing else.
constexpr std::uint64_t hyperplane_seed = 0x696D676465647570;

/// Calls compare(first, last) for every block of `count` rows, on all cores, and joins the pairs.
template <typename Compare>
Pairs by_blocks(std::size_t count, const Compare& compare) {
  const std::size_t blocks = (count + block_rows - 1) / block_rows;
  Progress progress("comparing", blocks);
  std::mutex mutex;
  Pairs pairs;
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t block; (block = next++) < blocks;) {
      const std::size_t first = block * block_rows;
      const Pairs found = compare(first, std::min(first + block_rows, count));
      const std::scoped_lock lock(mutex);
      pairs.insert(pairs.end(), found.begin(), found.end());
      progress.step();
    }
  };
  std::vector<std::jthread> threads;
  for (unsigned i = 1; i < std::thread::hardware_concurrency(); ++i) threads.emplace_back(work);
  work();
  threads.clear();
  return pairs;
}

Pairs every_pair(const VectorMatrix& matrix, double min_similarity) {
  return by_blocks(matrix.size(), [&](std::size_t first, std::size_t last) {
    return matrix.similar_pairs(first, last, min_similarity);
  });
}

Pairs pairs_by_index(const VectorMatrix& matrix, double min_similarity) {
  std::fprintf(stderr,
               "imgdedup: %zu vectors are too many to look at every pair: of the pairs just at the "
               "least similarity 1 in 100 may be missed, of nearer ones fewer\n",
               matrix.size());
  HyperplaneIndex index(matrix[0].size(), hyperplane_seed);
  for (std::size_t i = 0; i < matrix.size(); ++i)
    index.insert(static_cast<HyperplaneIndex::Id>(i), matrix[i]);
  const auto vector_of = [&](HyperplaneIndex::Id id) {
    return matrix[static_cast<std::size_t>(id)];
  };
  return by_blocks(matrix.size(), [&](std::size_t first, std::size_t last) {
    Pairs pairs;
    for (std::size_t i = first; i < last; ++i)
      for (const auto& match : index.within(matrix[i], min_similarity, vector_of))
        if (const auto j = static_cast<std::size_t>(match.id); i != j)
          pairs.emplace_back(std::min(i, j), std::max(i, j));
    return pairs;
  });
}

}  // namespace

FoundMap find_by_similarity(const Vectors& vectors, double min_similarity,
                            std::size_t most_by_pairs) {
  FoundMap found;
  if (vectors.empty()) return found;
  std::vector<std::vector<Hit>*> hits;
  std::vector<const std::string*> names;
  VectorMatrix matrix(vectors.begin()->second.values.size());
  matrix.reserve(vectors.size());
  for (const auto& [name, vector] : vectors) {
    hits.push_back(&found[name]);
    names.push_back(&name);
    matrix.add(vector.values);
  }
  Pairs pairs = vectors.size() <= most_by_pairs ? every_pair(matrix, min_similarity)
                                                : pairs_by_index(matrix, min_similarity);
  // Either of two may have found the other.
  std::ranges::sort(pairs);
  pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
  for (const auto& [i, j] : pairs) {
    const double similarity = matching::cosine_of(matrix[i], matrix[j]);
    hits[i]->push_back({*names[j], 0, similarity});
    hits[j]->push_back({*names[i], 0, similarity});
  }
  return found;
}

FoundMap find_by_similarity(const Vectors& vectors, double min_similarity,
                            const std::string& query) {
  FoundMap found;
  auto& hits = found[query];
  const auto& vector = vectors.at(query).values;
  for (const auto& [name, other] : vectors) {
    const double similarity = matching::cosine_of(vector, other.values);
    if (name != query && similarity >= min_similarity - matching::cosine_tolerance)
      hits.push_back({name, 0, similarity});
  }
  return found;
}

}  // namespace imgdedup::batch
