// SPDX-License-Identifier: Apache-2.0
#include "batch/search.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

using namespace imgdedup;
using namespace imgdedup::batch;

namespace {

matching::ImageRecord record(std::int64_t id, const std::string& name, std::uint8_t content,
                             std::uint64_t phash) {
  matching::ImageRecord file;
  file.file_id = id;
  file.path = name;
  file.stamp.inode = static_cast<std::uint64_t>(id) + 100;
  file.fingerprint.content_digest.bytes[0] = content;
  file.fingerprint.width_pixels = 640;
  file.fingerprint.height_pixels = 480;
  file.fingerprint.hashes.phash.bits = phash;
  file.fingerprint.detail = 1000;
  return file;
}

std::vector<std::string> names(const FoundMap& found, const std::string& key) {
  std::vector<std::string> list;
  for (const Hit& hit : found.at(key)) list.push_back(hit.name);
  return list;
}

using Names = std::vector<std::string>;

matching::EncodedHash small(std::uint64_t bits) { return {matching::HashSize::eight, {bits}}; }

}  // namespace

TEST_CASE("hashes at the distance are found, one bit further not, nearest first") {
  FoundMap found = find_by_hash(
      {{"a", small(0)}, {"b", small(0b111)}, {"c", small(0b1)}, {"d", small(0b1111)}}, 3);
  order_hits(found, 0);
  CHECK(names(found, "a") == Names{"c", "b"});
  CHECK(names(found, "d") == Names{"b", "c"});
  CHECK(found.at("a")[1].distance_bits == 3);
}

TEST_CASE("the map by hash is that of comparing every pair, and a query's one row of it") {
  std::mt19937_64 random(3);
  const auto few_bits = [&random] { return random() & random() & random() & random(); };
  Encodings encodings;
  matching::HashSize size = matching::HashSize::eight;
  int radius = 6;
  SUBCASE("64 bits") {}
  SUBCASE("256 bits") {
    size = matching::HashSize::sixteen;
    radius = 24;
  }
  for (int i = 0; i < 300; ++i) {
    auto& hash = encodings["f" + std::to_string(i)];
    hash.size = size;
    for (std::size_t word = 0; word < words_of(size); ++word) hash.words[word] = few_bits();
  }
  FoundMap expected;
  for (const auto& [a, hash_a] : encodings) {
    expected[a];
    for (const auto& [b, hash_b] : encodings)
      if (a != b && hamming_distance(hash_a, hash_b) <= radius)
        expected[a].push_back({b, hamming_distance(hash_a, hash_b)});
  }
  FoundMap found = find_by_hash(encodings, radius);
  order_hits(found, 0);
  order_hits(expected, 0);
  CHECK(found == expected);
  std::size_t pairs = 0;
  for (const auto& [name, hits] : expected) {
    pairs += hits.size();
    FoundMap of_one = find_by_hash(encodings, radius, name);
    order_hits(of_one, 0);
    CHECK(of_one == FoundMap{{name, hits}});
  }
  CHECK(pairs > 100);
}

TEST_CASE("only so many neighbours are kept as were asked for") {
  FoundMap found = find_by_hash({{"a", small(0)}, {"b", small(0b111)}, {"c", small(0b1)}}, 10);
  order_hits(found, 1);
  CHECK(names(found, "a") == Names{"c"});
}

TEST_CASE("what goes follows the alphabetical rule") {
  // 1~2~3: 2 goes, and 3 stays although it resembles 2.
  FoundMap chain{{"1", {}}, {"2", {}}, {"3", {}}};
  add_pair(chain, "1", "2", 0);
  add_pair(chain, "2", "3", 0);
  CHECK(files_to_remove(chain) == Names{"2"});
  FoundMap two_groups{{"a", {}}, {"b", {}}, {"c", {}}, {"d", {}}};
  add_pair(two_groups, "d", "a", 1);
  add_pair(two_groups, "c", "b", 1);
  CHECK(files_to_remove(two_groups) == Names{"c", "d"});
}

TEST_CASE("the same bytes are found") {
  matching::ContentDigest one, other;
  other.bytes[31] = 1;
  const FoundMap found = find_by_content({{"a", one}, {"b", other}, {"c", one}});
  CHECK(names(found, "a") == Names{"c"});
  CHECK(names(found, "b").empty());
}

TEST_CASE("the judgement compares each two contents once and relates all their files") {
  const std::vector files{record(0, "a1", 1, 0), record(1, "a2", 1, 0), record(2, "b1", 2, 0b11),
                          record(3, "b2", 2, 0b11), record(4, "far", 3, ~std::uint64_t{0})};
  std::vector<IndexPair> asked;
  FoundMap found = find_by_judgement(files, {}, {}, [&](const std::vector<IndexPair>& pairs) {
    asked = pairs;
    matching::Comparison alike;
    alike.left_digest = files[0].fingerprint.content_digest;
    alike.right_digest = files[2].fingerprint.content_digest;
    alike.ssim = 1;
    alike.lowest_tile_ssim = 1;
    return std::vector<std::optional<matching::Comparison>>(pairs.size(), alike);
  });
  order_hits(found, 0);
  CHECK(asked == std::vector<IndexPair>{{0, 2}});
  CHECK(names(found, "a1") == Names{"a2", "b1", "b2"});
  CHECK(names(found, "b2") == Names{"b1", "a1", "a2"});
  CHECK(names(found, "far").empty());
}

TEST_CASE("unique files, originals and duplicates are told apart") {
  FoundMap chain{{"1", {}}, {"2", {}}, {"3", {}}, {"4", {}}};
  CHECK(tally(chain) == Tally{4, 0, 0});
  add_pair(chain, "1", "2", 0);
  add_pair(chain, "2", "3", 0);
  CHECK(tally(chain) == Tally{.unique = 1, .originals = 2, .duplicates = 1});
  CHECK(tally({}) == Tally{});
}

TEST_CASE("the judgement of a query looks at pairs with that file alone") {
  const std::vector files{record(0, "a1", 1, 0), record(1, "a2", 1, 0), record(2, "b", 2, 0b11),
                          record(3, "c", 3, 0b111)};
  std::vector<IndexPair> asked;
  const auto compare = [&](const std::vector<IndexPair>& pairs) {
    asked = pairs;
    std::vector<std::optional<matching::Comparison>> comparisons;
    for (const auto& [i, j] : pairs) {
      auto& alike = comparisons.emplace_back(matching::Comparison{}).value();
      alike.left_digest = files[i].fingerprint.content_digest;
      alike.right_digest = files[j].fingerprint.content_digest;
      alike.ssim = alike.lowest_tile_ssim = 1;
    }
    return comparisons;
  };
  FoundMap found = find_by_judgement(files, {}, {.query = 2}, compare);
  order_hits(found, 0);
  CHECK(asked == std::vector<IndexPair>{{0, 2}, {2, 3}});
  CHECK(names(found, "b") == Names{"c", "a1", "a2"});
  CHECK(names(found, "a1") == Names{"b"});
}

TEST_CASE("a raw picture and its JPEG are no pair, two shots of a series are, unless left out") {
  const std::vector files{record(0, "d/IMG_0001.CR2", 1, 0), record(1, "d/IMG_0001.JPG", 2, 0b11),
                          record(2, "d/IMG_0002.JPG", 3, 0b111)};
  const auto compare = [&](const std::vector<IndexPair>& pairs) {
    std::vector<std::optional<matching::Comparison>> comparisons;
    for (const auto& [i, j] : pairs) {
      auto& alike = comparisons.emplace_back(matching::Comparison{}).value();
      alike.left_digest = files[i].fingerprint.content_digest;
      alike.right_digest = files[j].fingerprint.content_digest;
      alike.ssim = alike.lowest_tile_ssim = 1;
    }
    return comparisons;
  };
  CompanionCounts companions;
  FoundMap found = find_by_judgement(files, {}, {}, compare, &companions);
  order_hits(found, 0);
  CHECK(names(found, "d/IMG_0001.JPG") == Names{"d/IMG_0002.JPG"});
  CHECK(names(found, "d/IMG_0001.CR2") == Names{"d/IMG_0002.JPG"});
  CHECK(companions.two_forms == 1);
  CHECK(companions.series == 2);

  companions = {};
  found = find_by_judgement(files, {}, {.series = Series::left_out}, compare, &companions);
  CHECK(names(found, "d/IMG_0001.JPG").empty());
  CHECK(names(found, "d/IMG_0001.CR2").empty());
  CHECK(companions.series == 2);
}

TEST_CASE("a pair that could not be compared is no pair") {
  const std::vector files{record(0, "a", 1, 0), record(1, "b", 2, 0)};
  const FoundMap found = find_by_judgement(files, {}, {}, [](const std::vector<IndexPair>& pairs) {
    CHECK(pairs.size() == 1);
    return std::vector<std::optional<matching::Comparison>>(pairs.size());
  });
  CHECK(names(found, "a").empty());
}

TEST_CASE("two names of one inode are no duplicates in the judgement") {
  std::vector files{record(0, "a", 1, 0), record(1, "b", 1, 0)};
  files[1].stamp = files[0].stamp;
  const FoundMap found = find_by_judgement(files, {}, {}, [](const auto& pairs) {
    return std::vector<std::optional<matching::Comparison>>(pairs.size());
  });
  CHECK(names(found, "a").empty());
}
