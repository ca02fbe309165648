// SPDX-License-Identifier: Apache-2.0
#include "matching/vector_matrix.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

using namespace imgdedup::matching;

namespace {

std::vector<std::vector<float>> clustered_vectors(std::size_t count, std::size_t length,
                                                  unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<std::vector<float>> vectors(count, std::vector<float>(length));
  for (std::size_t i = 0; i < count; ++i)
    for (std::size_t k = 0; k < length; ++k)
      vectors[i][k] = i % 3 == 0 ? normal(random) : vectors[i - i % 3][k] + 0.45F * normal(random);
  return vectors;
}

}  // namespace

TEST_CASE("the cosine of two vectors is that of their angle") {
  const std::vector<float> right{1, 0}, up{0, 3}, both{2, 2}, left{-5, 0};
  CHECK(cosine_of(right, right) == 1);
  CHECK(cosine_of(right, up) == 0);
  CHECK(cosine_of(right, left) == -1);
  CHECK(cosine_of(right, both) == doctest::Approx(0.70710678));
}

TEST_CASE("similar pairs are those of comparing every pair, for every size, length and part") {
  for (const std::size_t count : {0, 1, 2, 3, 4, 5, 31, 32, 33, 70, 101})
    for (const std::size_t length : {1, 3, 8, 13, 64}) {
      CAPTURE(count);
      CAPTURE(length);
      const auto vectors = clustered_vectors(count, length, 5);
      VectorMatrix matrix(length);
      for (const auto& vector : vectors) matrix.add(vector);
      CHECK(matrix.size() == count);
      for (const double bound : {0.9, 0.0, -1.0}) {
        std::vector<VectorMatrix::Pair> expected, found;
        for (std::size_t i = 0; i < count; ++i)
          for (std::size_t j = i + 1; j < count; ++j)
            if (cosine_of(matrix[i], matrix[j]) >= bound - cosine_tolerance)
              expected.emplace_back(i, j);
        for (std::size_t first = 0; first < count; first += 7) {
          const auto part = matrix.similar_pairs(first, std::min(first + 7, count), bound);
          found.insert(found.end(), part.begin(), part.end());
        }
        std::sort(found.begin(), found.end());
        CHECK(found == expected);
        auto at_once = matrix.similar_pairs(0, count, bound);
        std::sort(at_once.begin(), at_once.end());
        CHECK(at_once == expected);
      }
    }
}

TEST_CASE("equal vectors are similar at a bound of 1") {
  const auto vectors = clustered_vectors(9, 100, 2);
  VectorMatrix matrix(100);
  for (int copy = 0; copy < 3; ++copy)
    for (const auto& vector : vectors) matrix.add(vector);
  CHECK(matrix.similar_pairs(0, matrix.size(), 1).size() == 9 * 3);
}
