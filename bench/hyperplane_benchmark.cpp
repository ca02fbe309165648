// SPDX-License-Identifier: Apache-2.0
// The hyperplane index beside looking at every vector: recall, what was looked at, time a query.
#include <time.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "matching/hyperplane_index.h"
#include "matching/vector_matrix.h"

namespace {

using namespace imgdedup::matching;
using Vector = std::vector<float>;

constexpr double bound = 0.9;
constexpr std::size_t query_count = 300;

double processor_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

enum class Kind { uniform, clustered };

/// uniform: every direction alike. clustered: what a network gives, whose outputs have much in
/// common: half of each vector (0.5 of its square) is the same in all, a fifth that of its cluster.
class VectorSource {
 public:
  VectorSource(Kind kind, std::size_t length) : kind_(kind), length_(length) {
    common_ = normal_vector();
    for (int i = 0; i < 100; ++i) centres_.push_back(normal_vector());
  }

  Vector next() {
    Vector vector = normal_vector();
    if (kind_ == Kind::uniform) return vector;
    const Vector& centre = centres_[random_() % centres_.size()];
    for (std::size_t i = 0; i < length_; ++i)
      vector[i] = static_cast<float>(std::sqrt(0.5)) * common_[i] +
                  static_cast<float>(std::sqrt(0.2)) * centre[i] +
                  static_cast<float>(std::sqrt(0.3)) * vector[i];
    return vector;
  }

  /// At this cosine from `vector`, in a random direction.
  Vector at_cosine(const Vector& vector, double cosine) {
    Vector other = normal_vector();
    const auto product = [&](const Vector& a, const Vector& b) {
      double sum = 0;
      for (std::size_t i = 0; i < length_; ++i) sum += double{a[i]} * double{b[i]};
      return sum;
    };
    const double along = product(vector, other) / product(vector, vector);
    for (std::size_t i = 0; i < length_; ++i) other[i] -= static_cast<float>(along * vector[i]);
    const double across = std::sqrt((1 - cosine * cosine) / product(other, other));
    const double kept = cosine / std::sqrt(product(vector, vector));
    for (std::size_t i = 0; i < length_; ++i)
      other[i] = static_cast<float>(kept * vector[i] + across * other[i]);
    return other;
  }

 private:
  Vector normal_vector() {
    Vector vector(length_);
    for (float& value : vector) value = normal_(random_);
    return vector;
  }

  Kind kind_;
  std::size_t length_;
  std::mt19937_64 random_{42};
  std::normal_distribution<float> normal_;
  Vector common_;
  std::vector<Vector> centres_;
};

struct Way {
  const char* name;
  std::size_t found = 0, looked_at = 0;
  double seconds = 0;
};

void run(Kind kind, std::size_t count, std::size_t length) {
  VectorSource source(kind, length);
  VectorMatrix matrix(length);
  matrix.reserve(count + query_count);
  std::vector<Vector> queries;
  HyperplaneIndex index(length, 42);
  for (std::size_t i = 0; i < count; ++i) matrix.add(source.next());
  // Of every query one vector is at 0.9001, the hardest that must be found.
  for (std::size_t i = 0; i < query_count; ++i) {
    queries.push_back(source.next());
    matrix.add(source.at_cosine(queries.back(), bound + 0.0001));
  }
  double seconds = processor_seconds();
  for (std::size_t i = 0; i < matrix.size(); ++i)
    index.insert(static_cast<HyperplaneIndex::Id>(i), matrix[i]);
  const double insert_seconds =
      (processor_seconds() - seconds) / static_cast<double>(matrix.size());
  const auto vector_of = [&](HyperplaneIndex::Id id) {
    return matrix[static_cast<std::size_t>(id)];
  };

  std::array<Way, 4> ways{{{"brute force"}, {"tables"}, {"all bits"}, {"as used"}}};
  for (const Vector& query : queries) {
    for (std::size_t way = 0; way < ways.size(); ++way) {
      Way& result = ways[way];
      std::size_t looked_at = matrix.size();
      seconds = processor_seconds();
      if (way == 0) {
        double square = 0;
        for (const float value : query) square += double{value} * double{value};
        const auto least = static_cast<float>((bound - cosine_tolerance) * std::sqrt(square));
        const auto products = matrix.times(query);
        result.found += static_cast<std::size_t>(
            std::ranges::count_if(products, [&](float product) { return product >= least; }));
      } else if (way == 3) {
        looked_at = 0;
        result.found += index.within(query, bound, vector_of).size();
      } else {
        result.found +=
            index
                .within(query, bound, vector_of,
                        way == 1 ? HyperplaneIndex::Way::tables : HyperplaneIndex::Way::all,
                        looked_at)
                .size();
      }
      result.seconds += processor_seconds() - seconds;
      result.looked_at += looked_at;
    }
  }
  for (const Way& way : ways)
    std::printf(
        "%-9s %7zu %5zu  %-11s recall %.4f  looked at %5.1f %%  %8.3f ms  %6.1f times\n",
        kind == Kind::uniform ? "uniform" : "clustered", count, length, way.name,
        static_cast<double>(way.found) / static_cast<double>(ways[0].found),
        100 * static_cast<double>(way.looked_at) / static_cast<double>(matrix.size() * query_count),
        1000 * way.seconds / query_count, ways[0].seconds / way.seconds);
  std::printf("%-9s %7zu %5zu  insert %.3f ms\n", kind == Kind::uniform ? "uniform" : "clustered",
              count, length, 1000 * insert_seconds);
  std::fflush(stdout);
}

/// Every pair of a folder's vectors.
void run_every_pair(std::size_t count, std::size_t length) {
  VectorSource source(Kind::clustered, length);
  VectorMatrix matrix(length);
  for (std::size_t i = 0; i < count; ++i) matrix.add(source.next());
  const double seconds = processor_seconds();
  const auto pairs = matrix.similar_pairs(0, count, bound);
  const double needed = processor_seconds() - seconds;
  const double products = static_cast<double>(count) * static_cast<double>(count) / 2;
  std::printf(
      "every pair of %zu x %zu: %.2f s, %.1f products of two numbers a nanosecond, %zu found\n",
      count, length, needed, products * static_cast<double>(length) / needed * 1e-9, pairs.size());
}

}  // namespace

int main() {
  for (const std::size_t count : {10'000, 100'000})
    for (const std::size_t length : {128, 512, 1280})
      for (const Kind kind : {Kind::uniform, Kind::clustered}) run(kind, count, length);
  run_every_pair(10'000, 1280);
  return EXIT_SUCCESS;
}
