// SPDX-License-Identifier: Apache-2.0
// How strongly each of some vectors is tied to its nearest others: the input side of t-SNE.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace imgdedup::batch {

/// Vectors of `dimensions` numbers each, one behind the other.
struct VectorSet {
  std::size_t dimensions = 1;  ///< >= 1
  std::vector<float> values;   ///< finite

  [[nodiscard]] std::size_t size() const { return values.size() / dimensions; }
  [[nodiscard]] std::span<const float> at(std::size_t index) const {
    return std::span(values).subspan(index * dimensions, dimensions);
  }
};

/// A symmetric, sparse matrix with zeros on its diagonal: row i has the entries
/// row_begin[i] .. row_begin[i + 1] - 1.
struct Affinities {
  std::vector<std::size_t> row_begin;  ///< one more than there are rows
  std::vector<std::uint32_t> column;   ///< ascending in each row
  std::vector<double> value;           ///< > 0; the sum of all is 1
};

/// The joint probabilities p_ij of t-SNE, kept for the 3 * perplexity nearest vectors of each only,
/// by Euclidean distance, found by looking at all. perplexity: > 0; what the vectors do not suffice
/// for is lowered. Needs two vectors at least. Throws std::bad_alloc. Any thread.
/// van der Maaten & Hinton, "Visualizing Data using t-SNE", JMLR 9, 2008, section 2; van der
/// Maaten, "Accelerating t-SNE using Tree-Based Algorithms", JMLR 15, 2014, section 4.1.
Affinities neighbour_affinities(const VectorSet& vectors, double perplexity);

}  // namespace imgdedup::batch
