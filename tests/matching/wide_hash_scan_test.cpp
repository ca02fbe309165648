// SPDX-License-Identifier: Apache-2.0
#include "matching/wide_hash_scan.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <tuple>

using namespace imgdedup::matching;

namespace {

/// Few bits set, so that distances reach from 0 to some 130.
std::vector<EncodedHash> random_hashes(std::size_t count) {
  std::mt19937_64 random(11);
  std::vector<EncodedHash> hashes(count);
  for (auto& hash : hashes) {
    hash.size = HashSize::sixteen;
    for (auto& word : hash.words) word = random() & random() & random() & random() & random();
  }
  return hashes;
}

using Pair = std::tuple<std::uint32_t, std::uint32_t, int>;

}  // namespace

TEST_CASE("every kernel finds the pairs that comparing each with each finds, once") {
  for (const std::size_t count : {0U, 1U, 2U, 7U, 8U, 9U, 1023U, 1025U, 1100U}) {
    const auto hashes = random_hashes(count);
    const WideHashScan scan(hashes);
    for (const int radius : {0, 40, 52, 256}) {
      if (radius == 256 && count > 100) continue;
      std::vector<Pair> expected;
      for (std::uint32_t i = 0; i < count; ++i)
        for (std::uint32_t j = i + 1; j < count; ++j)
          if (hamming_distance(hashes[i], hashes[j]) <= radius)
            expected.emplace_back(i, j, hamming_distance(hashes[i], hashes[j]));
      if (count > 1000 && radius == 52) CHECK(expected.size() > 1000);
      for (const auto kernel : {ScanKernel::portable, ScanKernel::avx2, ScanKernel::avx512}) {
        if (!is_supported(kernel)) continue;
        std::vector<Pair> found;
        scan.for_each_pair(
            radius, [&found](auto i, auto j, int distance) { found.emplace_back(i, j, distance); },
            kernel);
        std::ranges::sort(found);
        CHECK(found == expected);
      }
    }
  }
}
