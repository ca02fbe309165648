// SPDX-License-Identifier: Apache-2.0
// Numbers with units, both ways, at their limits.
#include "matching/units.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <string>

using namespace imgdedup::matching;
using namespace std::chrono_literals;

TEST_CASE("a duration is a whole number and its unit") {
  CHECK(parse_duration("0s") == 0ms);
  CHECK(parse_duration("500ms") == 500ms);
  CHECK(parse_duration("60s") == 60s);
  CHECK(parse_duration("10m") == 10min);
  CHECK(parse_duration("2h") == 2h);
  CHECK(parse_duration("30d") == 720h);
  for (const char* text : {"", "5", "0", "s", "5 s", " 5s", "5s ", "-5s", "+5s", "1.5s", "5S",
                           "5min", "5sec", "1h30m", "0x5s", "5\xc2\xb5s"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_duration(text));
  }
}

TEST_CASE("a duration that does not fit is refused, not wrapped") {
  CHECK(parse_duration("9223372036854775807ms") == std::chrono::milliseconds::max());
  CHECK_FALSE(parse_duration("9223372036854775808ms"));
  CHECK(parse_duration("106751991167d"));
  CHECK_FALSE(parse_duration("106751991168d"));
  CHECK_FALSE(parse_duration("18446744073709551616s"));
  CHECK_FALSE(parse_duration(std::string(100'000, '9') + "s"));
}

TEST_CASE("a duration is written in the largest unit that divides it") {
  CHECK(duration_to_text(0ms) == "0s");
  CHECK(duration_to_text(1ms) == "1ms");
  CHECK(duration_to_text(500ms) == "500ms");
  CHECK(duration_to_text(1s) == "1s");
  CHECK(duration_to_text(60s) == "60s");
  CHECK(duration_to_text(90s) == "90s");
  CHECK(duration_to_text(10min) == "10m");
  CHECK(duration_to_text(1h) == "1h");
  CHECK(duration_to_text(2h) == "2h");
  CHECK(duration_to_text(720h) == "30d");
  for (const auto duration :
       {0ms, 1ms, 999ms, 60'000ms, 3'600'001ms, std::chrono::milliseconds::max()})
    CHECK(parse_duration(duration_to_text(duration)) == duration);
}

TEST_CASE("a size is a whole number and a binary unit") {
  CHECK(parse_size("0B") == 0);
  CHECK(parse_size("512B") == 512);
  CHECK(parse_size("64KiB") == 65'536);
  CHECK(parse_size("1GiB") == std::uint64_t{1} << 30);
  CHECK(parse_size("16777215TiB") == std::uint64_t{16'777'215} << 40);
  for (const char* text : {"", "512", "1KB", "1K", "1kib", "1 GiB", "-1B", "1.5GiB", "16777216TiB",
                           "18446744073709551616B"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_size(text));
  }
  CHECK(size_to_text(0) == "0B");
  CHECK(size_to_text(512) == "512B");
  CHECK(size_to_text(1536) == "1536B");
  CHECK(size_to_text(65'536) == "64KiB");
  CHECK(size_to_text(std::uint64_t{1} << 30) == "1GiB");
  for (const auto bytes :
       {std::uint64_t{0}, std::uint64_t{1} << 50, std::numeric_limits<std::uint64_t>::max()})
    CHECK(parse_size(size_to_text(bytes)) == bytes);
}

TEST_CASE("a count is a whole number, with K, M or G for thousands") {
  CHECK(parse_count("0") == 0);
  CHECK(parse_count("1234") == 1234);
  CHECK(parse_count("500M") == 500'000'000);
  CHECK(parse_count("18446744073709551615") == std::numeric_limits<std::uint64_t>::max());
  for (const char* text :
       {"", "M", "5m", "1.5M", "-1", "5 M", "5MB", "18446744073709551616", "18446744074G"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_count(text));
  }
  CHECK(count_to_text(0) == "0");
  CHECK(count_to_text(1234) == "1234");
  CHECK(count_to_text(500'000'000) == "500M");
  CHECK(count_to_text(2'000'000'000) == "2G");
}
