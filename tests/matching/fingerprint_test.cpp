// SPDX-License-Identifier: Apache-2.0
#include "matching/fingerprint.h"

#include <doctest/doctest.h>

using namespace imgdedup::matching;

TEST_CASE("a perceptual hash is written with its most significant bit first") {
  CHECK(to_hex(PerceptualHash{0x8000000000000001}) == "8000000000000001");
  CHECK(perceptual_hash_from_hex("8000000000000001") == PerceptualHash{0x8000000000000001});
  CHECK(!perceptual_hash_from_hex("800000000000000"));
  CHECK(!perceptual_hash_from_hex("800000000000000g"));
}

TEST_CASE("a content digest survives the way to hex and back") {
  ContentDigest digest;
  for (std::size_t i = 0; i < digest.bytes.size(); ++i)
    digest.bytes[i] = static_cast<std::uint8_t>(i * 37);
  CHECK(content_digest_from_hex(to_hex(digest)) == digest);
  CHECK(to_hex(digest).size() == 64);
}

TEST_CASE("the Hamming distance counts differing bits") {
  CHECK(hamming_distance({0}, {0}) == 0);
  CHECK(hamming_distance({0}, {~std::uint64_t{0}}) == 64);
  CHECK(hamming_distance({0b1010}, {0b0110}) == 2);
}
