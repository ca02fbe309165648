// SPDX-License-Identifier: Apache-2.0
// The parts of the feature index: keys, blocks of posting lists, slots.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>

#include "matching/feature_keys.h"
#include "matching/posting_block.h"
#include "matching/slot_table.h"
#include "support/synthetic_features.h"

using namespace imgdedup::matching;
using namespace imgdedup::testing;

namespace {

using Lists = std::map<std::uint16_t, std::multiset<std::uint32_t>>;

std::multiset<std::uint32_t> list_of(const PostingBlock& block, std::uint16_t key) {
  const auto sorted = block.sorted(key);
  std::vector<std::uint32_t> all(sorted.begin(), sorted.end());
  block.append_late(key, all);
  return {all.begin(), all.end()};
}

void check_same(const PostingBlock& block, Lists& lists) {
  std::size_t total = 0;
  for (std::uint16_t key = 0; key < PostingBlock::keys; ++key) {
    CHECK(list_of(block, key) == lists[key]);
    total += lists[key].size();
  }
  CHECK(block.size() == total);
}

}  // namespace

TEST_CASE("a key depends on twenty bits of the descriptor, others for each table") {
  Random random(1);
  std::set<std::size_t> used;
  for (std::size_t table = 0; table < feature_key_tables; ++table) {
    std::size_t count = 0;
    for (std::size_t bit = 0; bit < 256; ++bit) {
      bool matters = false;
      for (int i = 0; i < 50; ++i) {
        auto descriptor = random_feature(random).descriptor;
        const auto before = feature_key(descriptor, table);
        CHECK(before < 1U << feature_key_bits);
        descriptor[bit / 64] ^= std::uint64_t{1} << bit % 64;
        matters = matters || feature_key(descriptor, table) != before;
      }
      if (!matters) continue;
      ++count;
      CHECK(used.insert(bit).second);
    }
    CHECK(count == 20);
  }
}

TEST_CASE("keys spread evenly") {
  Random random(2);
  for (std::size_t table = 0; table < feature_key_tables; ++table) {
    std::map<std::uint32_t, int> by_block;
    for (int i = 0; i < 50'000; ++i)
      ++by_block[feature_key(random_feature(random).descriptor, table) >> 14];
    CHECK(by_block.size() == 64);
    for (const auto& [block, count] : by_block) {
      CHECK(count > 600);
      CHECK(count < 960);
    }
  }
}

TEST_CASE("lists of keys count what two pictures share") {
  Random random(3);
  const LocalFeatures one = random_features(random, 100);
  LocalFeatures other = random_features(random, 100);
  const auto keys = feature_keys(one);
  CHECK(std::is_sorted(keys.begin(), keys.end()));
  CHECK(keys.size() > 395);
  CHECK(keys.size() <= 400);
  CHECK(count_shared_keys(keys, feature_keys(other)) <= 3);
  for (std::size_t i = 0; i < 30; ++i) other.features[i] = one.features[i + 50];
  const auto shared = count_shared_keys(keys, feature_keys(other));
  CHECK(shared >= 120);
  CHECK(shared <= 123);
  CHECK(count_shared_keys(feature_keys(other), keys) == shared);
  CHECK(count_shared_keys(keys, keys) == keys.size());
  CHECK(count_shared_keys({}, keys) == 0);
}

TEST_CASE("a block gives back every posting of a key, sorted in or not") {
  Random random(4);
  PostingBlock block;
  Lists lists;
  check_same(block, lists);
  for (int round = 0; round < 12; ++round) {
    for (std::size_t i = 0; i < 100 + random() % 500; ++i) {
      const auto key = static_cast<std::uint16_t>(random() % 4 == 0 ? random() % PostingBlock::keys
                                                                    : (random() % 3) * 255);
      const auto posting = static_cast<std::uint32_t>(random());
      CHECK(block.insert(key, posting));
      lists[key].insert(posting);
    }
    check_same(block, lists);
  }
  const auto is_wanted = [](std::uint32_t posting) { return posting % 3 == 0; };
  block.keep_only(is_wanted);
  for (auto& [key, list] : lists)
    std::erase_if(list, [&](std::uint32_t posting) { return !is_wanted(posting); });
  check_same(block, lists);
  block.keep_only([](std::uint32_t) { return false; });
  CHECK(block.size() == 0);
  CHECK(block.sorted(5).empty());
}

TEST_CASE("a block that is full refuses more and keeps what it has") {
  PostingBlock block;
  for (std::uint32_t i = 0; i < PostingBlock::limit; ++i)
    REQUIRE(block.insert(static_cast<std::uint16_t>(i % 7), i));
  CHECK_FALSE(block.insert(3, 1));
  CHECK(block.size() == PostingBlock::limit);
  CHECK(list_of(block, 6).size() == PostingBlock::limit / 7);
  CHECK(block.memory_bytes() < 5 * PostingBlock::limit);
}

TEST_CASE("slots name ids and are given again only when told") {
  Random random(5);
  SlotTable table;
  std::map<SlotTable::Id, SlotTable::Slot> expected;
  std::set<SlotTable::Slot> released;
  for (int step = 0; step < 20'000; ++step) {
    const auto id = static_cast<SlotTable::Id>(random() % 600 * 64);
    const auto known = expected.find(id);
    CHECK(table.slot_of(id).has_value() == (known != expected.end()));
    if (known != expected.end()) {
      CHECK(table.slot_of(id) == known->second);
      CHECK(table.id_of(known->second) == id);
      if (random() % 2 == 0) continue;
      CHECK(table.remove(id) == known->second);
      CHECK_FALSE(table.holds(known->second));
      released.insert(known->second);
      expected.erase(known);
      CHECK_FALSE(table.remove(id));
    } else {
      const auto slot = table.add(id);
      REQUIRE(slot);
      CHECK(table.holds(*slot));
      CHECK_FALSE(released.contains(*slot));
      expected[id] = *slot;
    }
    CHECK(table.size() == expected.size());
    CHECK(table.released() == released.size());
    if (step % 3000 == 2999) {
      table.reuse_released_slots();
      released.clear();
    }
  }
}
