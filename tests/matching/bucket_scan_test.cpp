// SPDX-License-Identifier: Apache-2.0
#include "matching/bucket_scan.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <random>
#include <span>
#include <vector>

using namespace imgdedup::matching;

TEST_CASE("every scan kernel finds what counting bit by bit finds, at every length and radius") {
  for (const ScanKernel kernel : {ScanKernel::portable, ScanKernel::avx2, ScanKernel::avx512}) {
    if (!is_supported(kernel)) {
      MESSAGE("skipped, this processor cannot run it: kernel " << static_cast<int>(kernel));
      continue;
    }
    CAPTURE(static_cast<int>(kernel));
    const ScanFunction scan = scan_function(kernel);
    std::mt19937_64 random(7);
    std::vector<PerceptualHash> hashes(203);
    for (PerceptualHash& hash : hashes) {
      hash.bits = random();
      for (int thinning = static_cast<int>(random() % 5); thinning > 0; --thinning)
        hash.bits &= random();
    }
    for (std::size_t length = 0; length <= hashes.size(); ++length) {
      for (const int radius : {0, 2, 10, 31, 32, 63, 64}) {
        const std::span<const PerceptualHash> part(hashes.data() + hashes.size() - length, length);
        const PerceptualHash query{length % 2 == 0 ? 0 : random()};
        std::vector<std::uint32_t> expected;
        for (std::size_t i = 0; i < part.size(); ++i)
          if (hamming_distance(part[i], query) <= radius)
            expected.push_back(static_cast<std::uint32_t>(i));
        std::vector<std::uint32_t> found(length);
        found.resize(scan(part, query, radius, found.data()));
        REQUIRE(found == expected);
      }
    }
  }
}

TEST_CASE("the kernel in use is one that this processor supports") {
  CHECK(is_supported(fastest_scan_kernel()));
  CHECK(is_supported(ScanKernel::portable));
}
