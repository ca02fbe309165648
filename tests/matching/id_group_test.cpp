// SPDX-License-Identifier: Apache-2.0
#include "matching/id_group.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <random>
#include <set>
#include <vector>

using namespace imgdedup::matching;

namespace {

std::vector<IdGroup::Id> ids_of(const IdGroup& group) {
  std::vector<IdGroup::Id> ids;
  group.for_each([&](IdGroup::Id id) { ids.push_back(id); });
  return ids;
}

}  // namespace

TEST_CASE("an id group behaves as a sorted multiset") {
  std::mt19937 random(11);
  IdGroup group;
  std::multiset<IdGroup::Id> expected;
  for (int step = 0; step < 60'000; ++step) {
    const auto id = static_cast<IdGroup::Id>(random() % 9'000);
    const bool growing = step / 15'000 % 2 == 0;
    if (random() % 10 < (growing ? 9U : 1U)) {
      group.insert(id);
      expected.insert(id);
    } else {
      const auto found = expected.find(id);
      REQUIRE(group.remove(id) == (found != expected.end()));
      if (found != expected.end()) expected.erase(found);
    }
    REQUIRE(group.size() == expected.size());
    if (step % 2'500 == 0)
      REQUIRE(ids_of(group) == std::vector<IdGroup::Id>(expected.begin(), expected.end()));
  }
}

TEST_CASE("an id group made of ids in any order gives them in ascending order") {
  std::vector<IdGroup::Id> ids;
  for (IdGroup::Id i = 0; i < 5'000; ++i) ids.push_back(i * 7919 % 5'000);
  const IdGroup group(ids);
  std::vector<IdGroup::Id> expected(5'000);
  for (IdGroup::Id i = 0; i < 5'000; ++i) expected[i] = i;
  CHECK(ids_of(group) == expected);
}

TEST_CASE("ids in ascending order fill an id group's chunks") {
  IdGroup group;
  for (IdGroup::Id id = 0; id < 100'000; ++id) group.insert(id);
  CHECK(group.heap_bytes() < 5 * 100'000);
  for (IdGroup::Id id = 0; id < 100'000; ++id)
    if (id % 1'000 != 0) REQUIRE(group.remove(id));
  CHECK(group.size() == 100);
  CHECK(group.heap_bytes() < 20'000);
}
