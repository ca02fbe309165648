// SPDX-License-Identifier: Apache-2.0
#include "matching/hyperplane_index.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>

#include "matching/vector_matrix.h"

using namespace imgdedup::matching;

namespace {

using Vector = std::vector<float>;
using Match = HyperplaneIndex::Match;
constexpr std::size_t length = 96;

Vector random_vector(std::mt19937& random) {
  std::normal_distribution<float> normal;
  Vector vector(length);
  for (float& value : vector) value = normal(random);
  return vector;
}

/// A vector at exactly this cosine from `vector`.
Vector at_cosine(const Vector& vector, double cosine, std::mt19937& random) {
  Vector other = random_vector(random);
  double product = 0, square = 0;
  for (std::size_t i = 0; i < length; ++i) {
    product += double{vector[i]} * double{other[i]};
    square += double{vector[i]} * double{vector[i]};
  }
  double other_square = 0;
  for (std::size_t i = 0; i < length; ++i) {
    other[i] -= static_cast<float>(product / square * vector[i]);
    other_square += double{other[i]} * double{other[i]};
  }
  for (std::size_t i = 0; i < length; ++i)
    other[i] =
        static_cast<float>(cosine * vector[i] / std::sqrt(square) +
                           std::sqrt(1 - cosine * cosine) * other[i] / std::sqrt(other_square));
  return other;
}

/// The index, and the vectors beside it.
struct Scene {
  HyperplaneIndex index{length, 42};
  std::map<HyperplaneIndex::Id, Vector> vectors;

  void insert(HyperplaneIndex::Id id, Vector vector) {
    index.insert(id, vector);
    vectors[id] = std::move(vector);
  }
  [[nodiscard]] std::span<const float> vector_of(HyperplaneIndex::Id id) const {
    const auto found = vectors.find(id);
    return found == vectors.end() ? std::span<const float>() : found->second;
  }
  [[nodiscard]] std::vector<Match> within(const Vector& vector, double bound) const {
    return index.within(vector, bound, [this](auto id) { return vector_of(id); });
  }
  [[nodiscard]] std::vector<Match> by(HyperplaneIndex::Way way, const Vector& vector,
                                      double bound) const {
    std::size_t looked_at = 0;
    return index.within(
        vector, bound, [this](auto id) { return vector_of(id); }, way, looked_at);
  }
};

}  // namespace

TEST_CASE("an empty index finds nothing") {
  std::mt19937 random(1);
  const Scene scene;
  CHECK(scene.within(random_vector(random), -1).empty());
}

TEST_CASE("what is found has exact cosines, none below the bound, nearest first, then by id") {
  std::mt19937 random(2);
  Scene scene;
  const Vector query = random_vector(random);
  for (int i = 0; i < 40; ++i) scene.insert(100 - i, at_cosine(query, 1 - 0.01 * i, random));
  scene.insert(200, query);
  scene.insert(150, query);
  const auto found = scene.within(query, 0.85);
  REQUIRE(found.size() >= 17);
  CHECK(found[1].similarity >= found[2].similarity);
  for (const Match& match : found) {
    CHECK(match.similarity == cosine_of(query, scene.vectors.at(match.id)));
    CHECK(match.similarity >= 0.85 - cosine_tolerance);
  }
  CHECK(std::is_sorted(found.begin(), found.end(), [](const Match& a, const Match& b) {
    return a.similarity > b.similarity || (a.similarity == b.similarity && a.id < b.id);
  }));
}

TEST_CASE("both ways find at least 99 of 100 vectors at the bound itself") {
  std::mt19937 random(3);
  Scene scene;
  constexpr int count = 1000;
  std::vector<Vector> queries;
  for (int i = 0; i < count; ++i) {
    queries.push_back(random_vector(random));
    scene.insert(i, at_cosine(queries.back(), 0.9001, random));
  }
  for (const auto way : {HyperplaneIndex::Way::tables, HyperplaneIndex::Way::all}) {
    int found = 0;
    for (int i = 0; i < count; ++i)
      found += static_cast<int>(std::ranges::count(scene.by(way, queries[i], 0.9), i, &Match::id));
    MESSAGE(found << " of " << count);
    CHECK(found >= count * 99 / 100);
  }
}

TEST_CASE("a low bound finds what comparing with all finds") {
  std::mt19937 random(4);
  Scene scene;
  for (int i = 0; i < 400; ++i) scene.insert(i, random_vector(random));
  const Vector query = random_vector(random);
  for (const double bound : {-1.0, 0.0, 0.1}) {
    std::size_t expected = 0;
    for (const auto& [id, vector] : scene.vectors)
      expected += cosine_of(query, vector) >= bound ? 1U : 0U;
    const auto found = scene.within(query, bound).size();
    CHECK(found <= expected);
    CHECK(found * 100 >= expected * 99);
  }
}

TEST_CASE("what was removed is not found, and its place is used again") {
  std::mt19937 random(5);
  Scene scene;
  std::vector<Vector> vectors;
  for (int i = 0; i < 300; ++i) {
    vectors.push_back(random_vector(random));
    scene.insert(i, vectors.back());
  }
  for (int i = 0; i < 300; i += 2) CHECK(scene.index.remove(i));
  CHECK(!scene.index.remove(0));
  CHECK(scene.index.size() == 150);
  for (int i = 0; i < 300; ++i) {
    const std::size_t expected = i % 2;
    for (const auto way : {HyperplaneIndex::Way::tables, HyperplaneIndex::Way::all})
      CHECK(scene.by(way, vectors[i], 0.99).size() == expected);
  }
  for (int i = 0; i < 300; i += 2) scene.insert(1000 + i, vectors[i]);
  for (int i = 0; i < 300; ++i) {
    const auto found = scene.within(vectors[i], 0.99);
    REQUIRE(found.size() == 1);
    CHECK(found[0].id == (i % 2 == 1 ? i : 1000 + i));
  }
}

TEST_CASE("an id whose vector is gone is passed over") {
  std::mt19937 random(6);
  Scene scene;
  const Vector vector = random_vector(random);
  scene.insert(1, vector);
  scene.insert(2, vector);
  scene.vectors.erase(1);
  CHECK(scene.within(vector, 0.9) == std::vector<Match>{{2, 1.0}});
}

TEST_CASE("equal vectors are found at a bound of 1, however many there are") {
  std::mt19937 random(7);
  Scene scene;
  const Vector vector = random_vector(random);
  for (int i = 0; i < 2000; ++i) scene.insert(i, vector);
  CHECK(scene.within(vector, 1).size() == 2000);
}

TEST_CASE("equal seeds look into the same buckets, other seeds into others") {
  std::mt19937 random(8);
  std::vector<Vector> vectors;
  for (int i = 0; i < 500; ++i) vectors.push_back(random_vector(random));
  std::vector<std::size_t> looked_at;
  for (const std::uint64_t seed : {1, 1, 2}) {
    HyperplaneIndex index(length, seed);
    for (std::size_t i = 0; i < vectors.size(); ++i)
      index.insert(static_cast<HyperplaneIndex::Id>(i), vectors[i]);
    auto& total = looked_at.emplace_back(0);
    for (const Vector& vector : vectors) {
      std::size_t count = 0;
      (void)index.within(
          vector, 0.9, [&](auto id) { return std::span(vectors[std::size_t(id)]); },
          HyperplaneIndex::Way::tables, count);
      total += count;
    }
  }
  CHECK(looked_at[0] == looked_at[1]);
  CHECK(looked_at[0] != looked_at[2]);
}
