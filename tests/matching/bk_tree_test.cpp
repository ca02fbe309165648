// SPDX-License-Identifier: Apache-2.0
#include "matching/bk_tree.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <random>
#include <string>
#include <utility>
#include <vector>

using namespace imgdedup::matching;

namespace {

using Random = std::mt19937_64;
using HashSource = std::function<PerceptualHash(Random&)>;

PerceptualHash flip_bits(PerceptualHash hash, unsigned bits, Random& random) {
  for (unsigned i = 0; i < bits; ++i) hash.bits ^= std::uint64_t{1} << (random() % 64);
  return hash;
}

PerceptualHash uniform(Random& random) { return {random()}; }

/// Up to `spread` bits away from one of `centers`.
HashSource clustered(std::vector<PerceptualHash> centers, unsigned spread) {
  return [centers = std::move(centers), spread](Random& random) {
    return flip_bits(centers[random() % centers.size()],
                     static_cast<unsigned>(random() % (spread + 1)), random);
  };
}

std::vector<PerceptualHash> some_centers(std::size_t count) {
  Random random(count);
  std::vector<PerceptualHash> centers;
  while (centers.size() < count) centers.push_back(uniform(random));
  return centers;
}

/// Half of all one and the same hash, half anything.
PerceptualHash half_equal(Random& random) {
  return random() % 2 == 0 ? PerceptualHash{0x00FF00FF00FF00FF} : uniform(random);
}

/// What is to be expected: a linear scan over all pairs.
class LinearIndex {
 public:
  void insert(BkTree::Entry entry) { entries_.push_back(entry); }

  BkTree::Entry take(std::size_t position) {
    const BkTree::Entry entry = entries_[position];
    entries_[position] = entries_.back();
    entries_.pop_back();
    return entry;
  }

  [[nodiscard]] std::vector<BkTree::Match> within(PerceptualHash hash, int radius_bits) const {
    std::vector<BkTree::Match> matches;
    for (const auto& [other, id] : entries_)
      if (const int distance = hamming_distance(hash, other); distance <= radius_bits)
        matches.push_back({id, distance});
    std::sort(matches.begin(), matches.end(), [](const auto& a, const auto& b) {
      return a.distance_bits != b.distance_bits ? a.distance_bits < b.distance_bits : a.id < b.id;
    });
    return matches;
  }

  [[nodiscard]] const std::vector<BkTree::Entry>& entries() const { return entries_; }

 private:
  std::vector<BkTree::Entry> entries_;
};

void check_radii(const BkTree& tree, const LinearIndex& expected, PerceptualHash query) {
  // In a larger tree each radius costs seconds under sanitizers: there some stand for all.
  const int step = expected.entries().size() > 1'000 ? 4 : 1;
  std::vector<BkTree::Match> matches = expected.within(query, 64);
  for (int radius = 64; radius >= 0; radius -= step) {
    while (!matches.empty() && matches.back().distance_bits > radius) matches.pop_back();
    REQUIRE(tree.within(query, radius) == matches);
  }
}

/// The seed of this run: $IMGDEDUP_TEST_SEED, or a fixed one.
std::uint64_t seed() {
  const char* chosen = std::getenv("IMGDEDUP_TEST_SEED");
  return chosen ? std::strtoull(chosen, nullptr, 0) : 20240607;
}

const std::vector<std::pair<std::string, HashSource>>& sources() {
  static const std::vector<std::pair<std::string, HashSource>> all{
      {"uniform", uniform},
      {"one cluster, 4 bits wide", clustered({{0x123456789ABCDEF0}}, 4)},
      {"thirty clusters, 6 bits wide", clustered(some_centers(30), 6)},
      {"two clusters, opposite", clustered({{0}, {~std::uint64_t{0}}}, 3)},
      {"forty values, each often", clustered(some_centers(40), 0)},
      {"one value", clustered(some_centers(1), 0)},
      {"half one value, half uniform", half_equal},
  };
  return all;
}

}  // namespace

TEST_CASE("an empty tree finds nothing and removes nothing") {
  BkTree tree;
  CHECK(tree.size() == 0);
  CHECK(tree.within({0}, 64).empty());
  CHECK(!tree.remove({0}, 1));
  CHECK(BkTree::build({}).within({0}, 64).empty());
}

TEST_CASE("matches come nearest first, then smallest id first") {
  BkTree tree;
  tree.insert({0b0111}, 1);
  tree.insert({0b0001}, 9);
  tree.insert({0b0010}, 4);
  tree.insert({0b0000}, 7);
  tree.insert({0xFF}, 2);
  CHECK(tree.within({0}, 3) == std::vector<BkTree::Match>{{7, 0}, {4, 1}, {9, 1}, {1, 3}});
  CHECK(tree.within({0}, 0) == std::vector<BkTree::Match>{{7, 0}});
}

namespace {

struct BuildCase {
  std::size_t count, bucket_limit;
};
const std::vector<BuildCase> build_cases{
    {1, HashBucket::limit},
    {63, 64},
    {64, 64},
    {3'000, 64},
    {300, 2},
    {3'000, 1'000},
    {HashBucket::limit + 1'000, HashBucket::limit},
};

}  // namespace

TEST_CASE("a built tree answers as a linear scan does, at radii from 0 to 64") {
  for (const auto& [name, source] : sources()) {
    for (const auto& [count, bucket_limit] : build_cases) {
      CAPTURE(name);
      CAPTURE(count);
      CAPTURE(bucket_limit);
      CAPTURE(seed());
      Random random(seed());
      LinearIndex expected;
      for (std::size_t i = 0; i < count; ++i)
        expected.insert({source(random), static_cast<BkTree::Id>(random() % 1'000'000)});
      const BkTree tree = BkTree::build(expected.entries(), bucket_limit);
      CHECK(tree.size() == count);
      check_radii(tree, expected, source(random));
      check_radii(tree, expected, uniform(random));
    }
  }
}

namespace {

struct SequenceCase {
  std::size_t begins_with, bucket_limit;
  int steps;
};
const std::vector<SequenceCase> sequence_cases{
    {0, 2, 800},
    {0, 64, 4'000},
    {2'000, 64, 4'000},
    {0, 1'000, 4'000},
    {HashBucket::limit - 500, HashBucket::limit, 2'000},
};

}  // namespace

TEST_CASE("any sequence of inserts, removes and queries answers as a linear scan does") {
  for (const auto& [name, source] : sources()) {
    for (const auto& [begins_with, bucket_limit, steps] : sequence_cases) {
      CAPTURE(name);
      CAPTURE(begins_with);
      CAPTURE(bucket_limit);
      CAPTURE(seed());
      Random random(seed() + 1);
      LinearIndex expected;
      BkTree::Id next_id = 0;
      while (next_id < begins_with) expected.insert({source(random), next_id++});
      BkTree tree = BkTree::build(expected.entries(), bucket_limit);
      // Phases of growth and of shrinking, so that buckets divide, empty and fill again.
      for (int step = 0; step < steps; ++step) {
        const bool growing = step * 4 / steps % 2 == 0;
        const bool removes = random() % 10 < (growing ? 2U : 8U);
        if (removes && !expected.entries().empty()) {
          const BkTree::Entry entry = expected.take(random() % expected.entries().size());
          REQUIRE(tree.remove(entry.hash, entry.id));
        } else {
          const BkTree::Entry entry{source(random), next_id++};
          tree.insert(entry.hash, entry.id);
          expected.insert(entry);
        }
        REQUIRE(tree.size() == expected.entries().size());
        if (step % (steps / 20) == 0) {
          const PerceptualHash query = flip_bits(source(random), 2, random);
          const int radius = static_cast<int>(random() % 65);
          REQUIRE(tree.within(query, radius) == expected.within(query, radius));
          REQUIRE(!tree.remove(query, next_id));
        }
      }
      check_radii(tree, expected, source(random));
      if (bucket_limit == HashBucket::limit) continue;
      while (!expected.entries().empty()) {
        const BkTree::Entry entry = expected.take(0);
        REQUIRE(tree.remove(entry.hash, entry.id));
      }
      CHECK(tree.size() == 0);
      CHECK(tree.within({0}, 64).empty());
      CHECK(tree.memory_bytes() < 4096);
    }
  }
}

TEST_CASE("a tree that grows and shrinks by hundreds of thousands answers as a linear scan does") {
  CAPTURE(seed());
  Random random(seed() + 2);
  const HashSource source = clustered(some_centers(30'000), 8);
  LinearIndex expected;
  BkTree::Id next_id = 0;
  while (next_id < 395'000) expected.insert({source(random), next_id++});
  BkTree tree = BkTree::build(expected.entries());
  const auto check_some = [&] {
    for (const int radius : {0, 4, 10}) {
      const PerceptualHash query = source(random);
      REQUIRE(tree.within(query, radius) == expected.within(query, radius));
    }
  };
  check_some();
  for (int i = 0; i < 10'000; ++i) {
    const BkTree::Entry entry{source(random), next_id++};
    tree.insert(entry.hash, entry.id);
    expected.insert(entry);
  }
  check_some();
  for (int i = 0; i < 10'000; ++i) {
    const BkTree::Entry entry = expected.take(random() % expected.entries().size());
    REQUIRE(tree.remove(entry.hash, entry.id));
  }
  check_some();
}

TEST_CASE("a pair that was inserted twice is there twice") {
  BkTree tree;
  tree.insert({5}, 1);
  tree.insert({5}, 1);
  CHECK(tree.within({5}, 0).size() == 2);
  CHECK(tree.remove({5}, 1));
  CHECK(tree.within({5}, 0).size() == 1);
  CHECK(tree.remove({5}, 1));
  CHECK(!tree.remove({5}, 1));
}

TEST_CASE("a million equal hashes are inserted, found and removed one by one without strain") {
  constexpr BkTree::Id count = 1'000'000;
  const PerceptualHash hash{0xDEADBEEF12345678};
  const auto start = std::chrono::steady_clock::now();
  BkTree tree;
  const auto scattered = [](std::uint64_t i, std::uint64_t prime) {
    return static_cast<BkTree::Id>(i * prime % count);
  };
  for (BkTree::Id i = 0; i < count; ++i) tree.insert(hash, scattered(i, 7919));
  CHECK(tree.memory_bytes() < 10 * std::size_t{count});
  const auto matches = tree.within(hash, 0);
  REQUIRE(matches.size() == count);
  CHECK(matches.front() == BkTree::Match{0, 0});
  CHECK(matches.back() == BkTree::Match{count - 1, 0});
  std::size_t removed = 0;
  for (BkTree::Id i = 0; i < count; ++i)
    removed += tree.remove(hash, scattered(i, 104'729)) ? 1U : 0U;
  CHECK(removed == count);
  CHECK(tree.size() == 0);
  // Quadratic work would take hours; seconds leave room for slow machines and sanitizers.
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(60));
}

TEST_CASE("memory stays below twenty bytes a hash, built or inserted, even or clustered") {
  constexpr std::size_t count = 100'000;
  for (const auto& [name, source] : {std::pair<std::string, HashSource>{"uniform", uniform},
                                     {"clustered", clustered(some_centers(2'000), 8)}}) {
    CAPTURE(name);
    Random random(seed());
    std::vector<BkTree::Entry> entries;
    for (std::size_t i = 0; i < count; ++i)
      entries.push_back({source(random), static_cast<BkTree::Id>(i)});
    BkTree inserted;
    for (const auto& [hash, id] : entries) inserted.insert(hash, id);
    const BkTree built = BkTree::build(entries);
    MESSAGE(name << ": built " << static_cast<double>(built.memory_bytes()) / count << ", inserted "
                 << static_cast<double>(inserted.memory_bytes()) / count << " bytes a hash");
    CHECK(built.memory_bytes() < 20 * count);
    CHECK(inserted.memory_bytes() < 20 * count);
  }
}
