// SPDX-License-Identifier: Apache-2.0
// How strongly each of some vectors is tied to its nearest others.
#include "batch/neighbour_affinities.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

#include "batch/parallel.h"

namespace imgdedup::batch {
namespace {

struct Neighbour {
  float squared_distance;
  std::uint32_t index;

  auto operator<=>(const Neighbour&) const = default;
};

float squared_distance(std::span<const float> a, std::span<const float> b) {
  // Sums side by side, so that it can be vectorised.
  constexpr std::size_t lanes = 8;
  float sums[lanes] = {};
  const std::size_t whole = a.size() / lanes * lanes;
  for (std::size_t i = 0; i < whole; i += lanes)
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      const float difference = a[i + lane] - b[i + lane];
      sums[lane] += difference * difference;
    }
  float sum = 0;
  for (const float lane : sums) sum += lane;
  for (std::size_t i = whole; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

/// Nearest first; equally near ones by their index.
void find_neighbours(const VectorSet& vectors, std::size_t of, std::vector<Neighbour>& candidates,
                     std::span<Neighbour> nearest) {
  candidates.clear();
  for (std::size_t i = 0; i < vectors.size(); ++i)
    if (i != of)
      candidates.push_back(
          {squared_distance(vectors.at(of), vectors.at(i)), static_cast<std::uint32_t>(i)});
  const auto middle = candidates.begin() + static_cast<std::ptrdiff_t>(nearest.size());
  std::partial_sort(candidates.begin(), middle, candidates.end());
  std::copy(candidates.begin(), middle, nearest.begin());
}

/// p_{j|i} for the neighbours j of one i: a Gaussian of the width that gives the perplexity.
void conditional_probabilities(std::span<const Neighbour> neighbours, double perplexity,
                               std::span<double> probabilities) {
  const double wanted_entropy = std::log(perplexity);
  // Distances beyond the nearest, in units of their mean: the width is then found from the same
  // start, whatever the vectors' scale.
  const double nearest = neighbours.front().squared_distance;
  double mean = 0;
  for (const auto& neighbour : neighbours) mean += neighbour.squared_distance - nearest;
  mean /= static_cast<double>(neighbours.size());
  const double unit = mean > 0 ? mean : 1;

  double precision = 1;
  double low = 0;
  double high = std::numeric_limits<double>::infinity();
  for (int step = 0; step < 64; ++step) {
    double sum = 0;
    double weighted = 0;
    for (std::size_t i = 0; i < neighbours.size(); ++i) {
      const double distance = (neighbours[i].squared_distance - nearest) / unit;
      probabilities[i] = std::exp(-precision * distance);
      sum += probabilities[i];
      weighted += distance * probabilities[i];
    }
    for (double& probability : probabilities) probability /= sum;
    const double entropy = std::log(sum) + precision * weighted / sum;
    if (std::abs(entropy - wanted_entropy) < 1e-6) break;
    if (entropy > wanted_entropy) {
      low = precision;
      precision = std::isinf(high) ? precision * 2 : (precision + high) / 2;
    } else {
      high = precision;
      precision = (precision + low) / 2;
    }
  }
}

/// (p_{j|i} + p_{i|j}) / 2n, given p_{j|i} for the same number of neighbours of each i.
Affinities symmetric(const std::vector<Neighbour>& neighbours,
                     const std::vector<double>& probabilities, std::size_t size) {
  struct Entry {
    std::uint32_t column;
    double value;
  };
  const std::size_t neighbour_count = neighbours.size() / size;
  std::vector<std::vector<Entry>> rows(size);
  for (std::size_t n = 0; n < neighbours.size(); ++n) {
    const auto row = static_cast<std::uint32_t>(n / neighbour_count);
    const double value = probabilities[n] / (2 * static_cast<double>(size));
    rows[row].push_back({neighbours[n].index, value});
    rows[neighbours[n].index].push_back({row, value});
  }
  Affinities result;
  result.row_begin.reserve(size + 1);
  for (auto& row : rows) {
    const std::size_t begin = result.column.size();
    result.row_begin.push_back(begin);
    // Stable: of two entries with one column it does not matter which comes first, but it must not
    // depend on the library.
    std::ranges::stable_sort(row, {}, &Entry::column);
    for (const auto& [column, value] : row) {
      if (value <= 0) continue;
      if (result.column.size() > begin && result.column.back() == column) {
        result.value.back() += value;
      } else {
        result.column.push_back(column);
        result.value.push_back(value);
      }
    }
    row = {};
  }
  result.row_begin.push_back(result.column.size());
  return result;
}

}  // namespace

Affinities neighbour_affinities(const VectorSet& vectors, double perplexity) {
  const std::size_t size = vectors.size();
  assert(size >= 2 && perplexity > 0);
  perplexity = std::clamp(perplexity, 1.0, std::max(1.0, static_cast<double>(size - 1) / 3));
  const auto neighbour_count = std::min(size - 1, static_cast<std::size_t>(3 * perplexity));
  std::vector<Neighbour> neighbours(size * neighbour_count);
  std::vector<double> probabilities(neighbours.size());
  for_each_range(size, [&](std::size_t begin, std::size_t end) {
    std::vector<Neighbour> candidates;
    candidates.reserve(size);
    for (std::size_t i = begin; i < end; ++i) {
      const auto nearest = std::span(neighbours).subspan(i * neighbour_count, neighbour_count);
      find_neighbours(vectors, i, candidates, nearest);
      conditional_probabilities(
          nearest, perplexity,
          std::span(probabilities).subspan(i * neighbour_count, neighbour_count));
    }
  });
  return symmetric(neighbours, probabilities, size);
}

}  // namespace imgdedup::batch
