// SPDX-License-Identifier: Apache-2.0
// The index of local features, held against a count of all features of all pictures.
#include "matching/feature_index.h"

#include <doctest/doctest.h>

#include <chrono>
#include <cmath>
#include <map>
#include <set>

#include "support/synthetic_features.h"

using namespace imgdedup::matching;
using namespace imgdedup::testing;

namespace {

using Pictures = std::map<FeatureIndex::Id, LocalFeatures>;

/// Votes and weights by looking at every registered feature of every picture.
class BruteForce {
 public:
  explicit BruteForce(const Pictures& pictures,
                      std::size_t postings = FeatureIndex::most_postings_per_picture)
      : pictures_(pictures.size()) {
    for (const auto& [id, features] : pictures)
      for (std::size_t rank = 0; rank < features.features.size(); ++rank)
        for (std::size_t table = 0; table < feature_key_tables; ++table)
          if (rank < FeatureIndex::registered_features &&
              table * FeatureIndex::registered_features + rank < postings)
            lists_[{table, feature_key(features.features[rank].descriptor, table)}].push_back(id);
  }
  [[nodiscard]] std::map<FeatureIndex::Id, FeatureIndex::Match> count(
      const LocalFeatures& asked) const {
    std::map<FeatureIndex::Id, FeatureIndex::Match> matches;
    for (const LocalFeature& feature : asked.features) {
      std::set<FeatureIndex::Id> voted;
      for (std::size_t table = 0; table < feature_key_tables; ++table) {
        const auto list = lists_.find({table, feature_key(feature.descriptor, table)});
        if (list == lists_.end() || list->second.size() > std::max<std::size_t>(32, pictures_ / 20))
          continue;
        const auto length = std::min(list->second.size(), pictures_);
        for (const FeatureIndex::Id id : list->second) {
          if (!voted.insert(id).second) continue;
          auto& match = matches[id];
          match.id = id;
          ++match.votes;
          match.weight += std::log(static_cast<float>(pictures_ + 1) / static_cast<float>(length));
        }
      }
    }
    return matches;
  }

 private:
  std::size_t pictures_;
  std::map<std::pair<std::size_t, std::uint32_t>, std::vector<FeatureIndex::Id>> lists_;
};

FeatureIndex index_of(const Pictures& pictures, FeatureIndexLimits limits = {}) {
  FeatureIndex index(limits);
  for (const auto& [id, features] : pictures) index.insert(id, features);
  return index;
}

/// Pictures of which some share features: families, and a logo that many have.
Pictures families(Random& random, std::size_t count) {
  Pictures pictures;
  const LocalFeatures logo = random_features(random, 20);
  while (pictures.size() < count) {
    const LocalFeatures parent = random_features(random, 50 + random() % 200);
    for (std::size_t i = 0; i < 1 + random() % 4; ++i) {
      LocalFeatures child = edited(parent, 0.6, 0.03, random);
      if (random() % 3 == 0)
        child.features.insert(child.features.begin(), logo.features.begin(), logo.features.end());
      pictures[static_cast<FeatureIndex::Id>(random() % 1'000'000)] = child;
    }
  }
  return pictures;
}

void check_against_brute_force(const FeatureIndex& index, const BruteForce& pictures,
                               const LocalFeatures& asked, double weight_tolerance = 1e-4) {
  const auto expected = pictures.count(asked);
  const auto found = index.best(asked, 1'000'000);
  std::set<FeatureIndex::Id> found_ids;
  int least_found = 1000;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto match = expected.find(found[i].id);
    REQUIRE(match != expected.end());
    CHECK(found[i].votes == match->second.votes);
    CHECK(found[i].weight == doctest::Approx(match->second.weight).epsilon(weight_tolerance));
    if (i > 0) CHECK(found[i - 1].weight >= found[i].weight);
    CHECK(found_ids.insert(found[i].id).second);
    least_found = std::min(least_found, found[i].votes);
  }
  for (const auto& [id, match] : expected)
    if (match.votes > least_found) CHECK(found_ids.contains(id));
}

}  // namespace

TEST_CASE("the index gives the votes that a look at every feature of every picture gives") {
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    Random random(seed);
    const Pictures pictures = families(random, 400);
    const FeatureIndex index = index_of(pictures);
    CHECK(index.size() == pictures.size());
    const BruteForce brute_force(pictures);
    std::size_t asked = 0;
    for (const auto& [id, features] : pictures) {
      check_against_brute_force(index, brute_force, features);
      if (++asked == 25) break;
    }
  }
}

TEST_CASE("inserting and removing in any order leaves the index as if newly built") {
  Random random(7);
  Pictures pictures;
  FeatureIndex index;
  for (int step = 0; step < 2500; ++step) {
    const auto id = static_cast<FeatureIndex::Id>(random() % 300);
    if (random() % 2 == 0) {
      CHECK(index.remove(id) == (pictures.erase(id) == 1));
      CHECK_FALSE(index.holds(id));
    } else if (!pictures.contains(id)) {
      pictures[id] = random_features(random, random() % 80);
      index.insert(id, pictures[id]);
      CHECK(index.holds(id));
    }
    CHECK(index.size() == pictures.size());
  }
  // The lists still hold postings of removed pictures, so the weights differ a little.
  const BruteForce brute_force(pictures);
  const FeatureIndex rebuilt = index_of(pictures);
  std::size_t asked_count = 0;
  for (const auto& [id, features] : pictures) {
    const LocalFeatures asked = edited(features, 0.8, 0.02, random);
    const auto expected = rebuilt.best(asked, 10);
    const auto found = index.best(asked, 10);
    REQUIRE(found.size() == expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      CHECK(found[i].id == expected[i].id);
      CHECK(found[i].votes == expected[i].votes);
    }
    check_against_brute_force(index, brute_force, asked, 0.1);
    if (++asked_count == 40) break;
  }
}

TEST_CASE("pictures that were taken out, however many, do not hold up a question") {
  Random random(7);
  const LocalFeatures features = random_features(random, 50);
  FeatureIndex index;
  for (FeatureIndex::Id id = 0; id < 20; ++id) index.insert(id, features);
  for (FeatureIndex::Id id = 1; id < 20; ++id) REQUIRE(index.remove(id));
  const auto found = index.best(features, 10);
  REQUIRE(found.size() == 1);
  CHECK(found[0].id == 0);
  CHECK(found[0].votes == 50);
}

TEST_CASE("an edited picture comes first among thousands of others") {
  Random random(11);
  Pictures pictures;
  for (FeatureIndex::Id id = 0; id < 3000; ++id) pictures[id] = random_features(random);
  const FeatureIndex index = index_of(pictures);
  for (FeatureIndex::Id id = 0; id < 3000; id += 30) {
    const auto found = index.best(edited(pictures[id], 0.4, 0.05, random), 3);
    REQUIRE(!found.empty());
    CHECK(found[0].id == id);
  }
}

TEST_CASE("pictures that share nothing but chance keys are not found") {
  Random random(13);
  FeatureIndex index;
  for (FeatureIndex::Id id = 0; id < 3000; ++id) index.insert(id, random_features(random));
  std::size_t found = 0;
  for (int i = 0; i < 200; ++i) found += index.best(random_features(random), 10).size();
  CHECK(found <= 100);
}

TEST_CASE("an index without pictures, a picture without features, and no room in the answer") {
  Random random(17);
  const LocalFeatures features = random_features(random);
  FeatureIndex index;
  CHECK(index.best(features, 10).empty());
  CHECK_FALSE(index.remove(3));
  index.insert(3, {});
  CHECK(index.size() == 1);
  CHECK(index.best(features, 10).empty());
  CHECK(index.best({}, 10).empty());
  CHECK(index.remove(3));
  for (FeatureIndex::Id id : {5U, 4U}) index.insert(id, features);
  CHECK(index.best(features, 0).empty());
  CHECK(index.best(features, 1).size() == 1);
  REQUIRE(index.best(features, 9).size() == 2);
  CHECK(index.best(features, 9)[0].id == 4);
}

TEST_CASE("a picture votes for another once per feature of its own") {
  Random random(19);
  LocalFeatures one = random_features(random, 40);
  LocalFeatures repeated = one;
  for (int i = 0; i < 4; ++i)
    repeated.features.insert(repeated.features.end(), one.features.begin(), one.features.end());
  repeated.features.resize(200);
  FeatureIndex index;
  index.insert(1, repeated);
  for (FeatureIndex::Id id = 2; id < 200; ++id) index.insert(id, random_features(random));
  const auto found = index.best(one, 5);
  REQUIRE(found.size() == 1);
  CHECK(found[0].votes == 40);
}

TEST_CASE("the index stays within its memory and keeps what it can") {
  Random random(23);
  FeatureIndexLimits limits;
  limits.memory_bytes = std::size_t{24} << 20;
  FeatureIndex index(limits);
  Pictures pictures;
  std::size_t before = index.postings_per_picture();
  CHECK(before == FeatureIndex::most_postings_per_picture);
  for (FeatureIndex::Id id = 0; id < 12'000; ++id) {
    LocalFeatures features = random_features(random);
    if (id % 400 == 0) pictures[id] = features;
    index.insert(id, features);
    CHECK(index.postings_per_picture() <= before);
    before = index.postings_per_picture();
    if (id % 500 == 0) CHECK(index.memory_bytes() <= limits.memory_bytes);
  }
  CHECK(index.memory_bytes() <= limits.memory_bytes);
  CHECK(before < FeatureIndex::most_postings_per_picture);
  CHECK(before >= 80);
  CHECK(index.size() == 12'000);
  for (const auto& [id, features] : pictures) {
    const auto found = index.best(edited(features, 0.7, 0.03, random), 3);
    REQUIRE(!found.empty());
    CHECK(found[0].id == id);
  }
}

TEST_CASE("an index that expects many pictures registers as little of the first as of the last") {
  Random random(29);
  FeatureIndexLimits limits;
  limits.memory_bytes = std::size_t{24} << 20;
  FeatureIndex index(limits);
  index.expect(12'000);
  const std::size_t expected = index.postings_per_picture();
  CHECK(expected < 200);
  for (FeatureIndex::Id id = 0; id < 12'000; ++id) index.insert(id, random_features(random, 200));
  CHECK(index.postings_per_picture() == expected);
  CHECK(index.memory_bytes() <= limits.memory_bytes);
}

TEST_CASE("a memory too small for anything registers nothing and breaks nothing") {
  Random random(31);
  FeatureIndexLimits limits;
  limits.memory_bytes = 1000;
  FeatureIndex index(limits);
  for (FeatureIndex::Id id = 0; id < 500; ++id) index.insert(id, random_features(random));
  CHECK(index.postings_per_picture() == 1);
  CHECK(index.best(random_features(random), 10).empty());
}

TEST_CASE("features that every picture has neither vote nor make a question slow") {
  Random random(37);
  const LocalFeatures logo = random_features(random, 100);
  FeatureIndex index;
  const auto with_logo = [&] {
    LocalFeatures features = logo;
    for (int i = 0; i < 60; ++i) features.features.push_back(random_feature(random));
    return features;
  };
  LocalFeatures wanted;
  for (FeatureIndex::Id id = 0; id < 8000; ++id) {
    LocalFeatures features = with_logo();
    if (id == 77) wanted = features;
    index.insert(id, features);
  }
  const auto found = index.best(wanted, 10);
  REQUIRE(found.size() == 1);
  CHECK(found[0].id == 77);
  CHECK(found[0].votes == 60);
  CHECK(index.best(with_logo(), 10).empty());
}

TEST_CASE("a question reads no more postings than it may, the rarest keys first") {
  Random random(41);
  // 30 pictures to a key: below the twentieth that is passed over, and 200 such keys.
  std::vector<LocalFeatures> series;
  for (int i = 0; i < 40; ++i) series.push_back(random_features(random, 100));
  FeatureIndexLimits limits;
  limits.postings_per_query = 700;
  FeatureIndex index(limits);
  LocalFeatures wanted;
  for (FeatureIndex::Id id = 0; id < 1200; ++id) {
    LocalFeatures features = series[id % 40];
    for (int i = 0; i < 50; ++i) features.features.push_back(random_feature(random));
    if (id == 500) wanted = features;
    index.insert(id, features);
  }
  const auto found = index.best(wanted, 1);
  REQUIRE(found.size() == 1);
  CHECK(found[0].id == 500);
  CHECK(found[0].votes == 50);
}
