// SPDX-License-Identifier: Apache-2.0
// The directories of a TIFF structure, read within bounds.
#include "hashing/tiff_directory.h"

#include <doctest/doctest.h>

#include <vector>

using namespace imgdedup::hashing;

namespace {

/// Little-endian TIFF of one tag, 257, of type `type` with one value; `value` is that or its
/// offset.
std::vector<std::uint8_t> structure_of(std::uint8_t type, std::uint8_t value) {
  return {'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 1, 1, type, 0, 1, 0, 0, 0, value, 0, 0, 0, 0, 0, 0, 0};
}

}  // namespace

TEST_CASE("the value of a tag has a place only within the structure") {
  constexpr std::uint16_t tag = 257;
  constexpr std::uint8_t type_short = 3, type_long8 = 16;
  const auto inside = structure_of(type_short, 6);
  const auto directory = TiffDirectory::at(inside, *TiffDirectory::first_offset(inside));
  REQUIRE(directory);
  CHECK(directory->value(tag) == 6);
  CHECK(directory->value_offset(tag) == 18);
  // Eight bytes do not fit into the entry: they are said to begin at its last byte.
  const auto outside = structure_of(type_long8, 25);
  const auto broken = TiffDirectory::at(outside, *TiffDirectory::first_offset(outside));
  REQUIRE(broken);
  CHECK_FALSE(broken->value(tag));
  CHECK_FALSE(broken->value_offset(tag));
}
