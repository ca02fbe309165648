// SPDX-License-Identifier: Apache-2.0
#include "matching/encoded_hash.h"

#include <doctest/doctest.h>

#include <string>

using namespace imgdedup::matching;

TEST_CASE("hashes of both sizes survive the way through text, and no other length does") {
  const EncodedHash small{HashSize::eight, {0x0123456789abcdef}};
  const EncodedHash large{HashSize::sixteen, {1, 2, 3, 0xfedcba9876543210}};
  CHECK(to_hex(small) == "0123456789abcdef");
  CHECK(to_hex(large) == "000000000000000100000000000000020000000000000003fedcba9876543210");
  for (const auto& hash : {small, large}) CHECK(encoded_hash_from_hex(to_hex(hash)) == hash);
  CHECK(encoded_hash_from_hex("0123456789ABCDEF") == small);
  for (const std::size_t length : {0U, 1U, 15U, 17U, 32U, 48U, 63U, 65U, 128U})
    CHECK(!encoded_hash_from_hex(std::string(length, '0')));
  CHECK(!encoded_hash_from_hex("0123456789abcdeg"));
  CHECK(!encoded_hash_from_hex(std::string(63, '0') + "x"));
}

TEST_CASE("the distance counts the bits of all words") {
  const EncodedHash none{HashSize::sixteen, {}};
  CHECK(hamming_distance(none, {HashSize::sixteen, {1, 3, 7, 15}}) == 10);
  constexpr auto all = ~std::uint64_t{0};
  CHECK(hamming_distance(none, {HashSize::sixteen, {all, all, all, all}}) == 256);
  CHECK(hamming_distance({HashSize::eight, {all}}, {HashSize::eight, {1}}) == 63);
}
