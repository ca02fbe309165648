// SPDX-License-Identifier: Apache-2.0
#include "batch/tsne.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "batch/parallel.h"

using namespace imgdedup::batch;

namespace {

double distance(Point a, Point b) { return std::hypot(a.x - b.x, a.y - b.y); }

/// `clusters` times `size` vectors of 20 numbers: around a corner of their own each, `spread` wide.
VectorSet clustered(std::size_t clusters, std::size_t size, float spread) {
  std::mt19937 random(7);
  const auto noise = [&random] { return static_cast<float>(random()) / 4294967296.0F - 0.5F; };
  VectorSet vectors{.dimensions = 20, .values = {}};
  for (std::size_t cluster = 0; cluster < clusters; ++cluster)
    for (std::size_t i = 0; i < size; ++i)
      for (std::size_t d = 0; d < vectors.dimensions; ++d)
        vectors.values.push_back((d == cluster ? 10.0F : 0.0F) + spread * noise());
  return vectors;
}

std::vector<Point> place(const VectorSet& vectors, TsneSettings settings = {}) {
  return tsne(vectors, settings, [] {});
}

std::vector<Point> random_points(std::size_t count) {
  std::mt19937 random(3);
  std::vector<Point> points(count);
  for (Point& point : points)
    point = {static_cast<double>(random()) / 1e8, static_cast<double>(random()) / 1e9};
  return points;
}

Repulsion by_all_pairs(const std::vector<Point>& points, std::size_t of) {
  Repulsion sum;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (i == of) continue;
    const double x = points[of].x - points[i].x;
    const double y = points[of].y - points[i].y;
    const double weight = 1 / (1 + x * x + y * y);
    sum.weight += weight;
    sum.force = {sum.force.x + weight * weight * x, sum.force.y + weight * weight * y};
  }
  return sum;
}

}  // namespace

TEST_CASE("a range is covered once, however many threads share it") {
  for (const std::size_t count : {0, 1, 255, 256, 513, 10'000}) {
    std::vector<int> visits(count);
    for_each_range(count, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) ++visits[i];
    });
    CHECK(std::ranges::count(visits, 1) == static_cast<std::ptrdiff_t>(count));
  }
}

TEST_CASE("the tree's repulsion is that of all pairs, and near it when cells are summed up") {
  auto points = random_points(500);
  for (int i = 0; i < 20; ++i) points.push_back(points[3]);  // coincident ones
  points.push_back({points[5].x + 1e-13, points[5].y});
  const Quadtree tree(points);
  double largest = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const auto exact = by_all_pairs(points, i);
    largest = std::max(largest, std::hypot(exact.force.x, exact.force.y));
    const auto all = tree.repulsion_on(points[i], 0);
    CHECK(all.weight == doctest::Approx(exact.weight));
    CHECK(distance(all.force, exact.force) < 1e-9);
  }
  for (std::size_t i = 0; i < points.size(); ++i) {
    const auto exact = by_all_pairs(points, i);
    const auto summed = tree.repulsion_on(points[i], 0.5);
    CHECK(summed.weight == doctest::Approx(exact.weight).epsilon(0.02));
    CHECK(distance(summed.force, exact.force) < 0.02 * largest);
  }
}

TEST_CASE("affinities are symmetric, sum to one, and have the perplexity asked for") {
  const auto vectors = clustered(4, 50, 1);
  const auto affinities = neighbour_affinities(vectors, 10);
  double sum = 0;
  for (const double value : affinities.value) sum += value;
  CHECK(sum == doctest::Approx(1));
  const auto value_at = [&affinities](std::size_t row, std::size_t column) {
    for (std::size_t n = affinities.row_begin[row]; n < affinities.row_begin[row + 1]; ++n)
      if (affinities.column[n] == column) return affinities.value[n];
    return 0.0;
  };
  double entropy = 0;
  for (std::size_t row = 0; row < vectors.size(); ++row) {
    CHECK(value_at(row, row) == 0);
    double row_sum = 0;
    double row_entropy = 0;
    for (std::size_t n = affinities.row_begin[row]; n < affinities.row_begin[row + 1]; ++n) {
      CHECK(value_at(affinities.column[n], row) == affinities.value[n]);
      CHECK(affinities.column[n] / 50 == row / 50);
      row_sum += affinities.value[n];
      row_entropy -= affinities.value[n] * std::log(affinities.value[n]);
    }
    entropy += row_entropy / row_sum + std::log(row_sum);
  }
  // Made symmetric each row has some more neighbours than it chose.
  const double perplexity = std::exp(entropy / static_cast<double>(vectors.size()));
  CHECK(perplexity > 9);
  CHECK(perplexity < 20);
}

TEST_CASE("clusters stay together and apart from one another") {
  constexpr std::size_t size = 60;
  const auto points = place(clustered(5, size, 1));
  double widest = 0;
  double nearest = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < points.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) {
      const double apart = distance(points[i], points[j]);
      if (i / size == j / size)
        widest = std::max(widest, apart);
      else
        nearest = std::min(nearest, apart);
    }
  CHECK(widest > 0);
  CHECK(nearest > widest / 2);
  for (std::size_t i = 0; i < points.size(); ++i) {
    std::size_t next = i == 0 ? 1 : 0;
    for (std::size_t j = 0; j < points.size(); ++j)
      if (j != i && distance(points[i], points[j]) < distance(points[i], points[next])) next = j;
    CHECK(next / size == i / size);
  }
}

TEST_CASE("the same vectors give the same points, another seed others") {
  const auto vectors = clustered(3, 200, 1);
  const auto points = place(vectors, {.steps = 60});
  CHECK(points == place(vectors, {.steps = 60}));
  CHECK(points != place(vectors, {.steps = 60, .seed = 2}));
}

TEST_CASE("few vectors and equal ones have finite places") {
  for (const std::size_t count : {1, 2, 3, 4, 5, 50}) {
    for (const float spread : {0.0F, 1.0F}) {
      CAPTURE(count);
      CAPTURE(spread);
      const auto points = place(clustered(1, count, spread));
      REQUIRE(points.size() == count);
      for (std::size_t i = 0; i < count; ++i) {
        CHECK(std::abs(points[i].x) < 1e6);
        CHECK(std::abs(points[i].y) < 1e6);
        for (std::size_t j = 0; j < i; ++j) CHECK(distance(points[i], points[j]) > 0);
      }
    }
  }
  CHECK(place({.dimensions = 3, .values = {}}).empty());
}

TEST_CASE("a pair of near vectors lands nearer than the others") {
  auto vectors = clustered(1, 40, 10);
  for (std::size_t pair = 0; pair < 40; pair += 2)
    for (std::size_t d = 0; d < 20; ++d)
      vectors.values[(pair + 1) * 20 + d] = vectors.values[pair * 20 + d] + 0.01F;
  const auto points = place(vectors);
  for (std::size_t i = 0; i < points.size(); ++i) {
    const std::size_t twin = i ^ 1U;
    for (std::size_t j = 0; j < points.size(); ++j)
      if (j != i && j != twin)
        CHECK(distance(points[i], points[twin]) < distance(points[i], points[j]));
  }
}
