// SPDX-License-Identifier: Apache-2.0
// Durations, sizes and counts as people write them: a whole number and its unit, both ways.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace imgdedup::matching {

/// "500ms", "60s", "10m", "2h", "30d": digits and one of ms, s, m, h, d, with nothing before,
/// between or after. Nothing for any other text (no sign, no fraction, no bare number) and for what
/// does not fit in std::chrono::milliseconds.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
/// In the largest unit that gives a whole number (90 s is "90s", 600 s is "10m"); one minute is
/// "60s", nothing is "0s". `duration` is not negative.
std::string duration_to_text(std::chrono::milliseconds duration);

/// Bytes: "512B", "64KiB", "20MiB", "1GiB", "2TiB"; powers of 1024. Nothing for any other text and
/// for what does not fit in 64 bits.
std::optional<std::uint64_t> parse_size(std::string_view text);
/// In the largest unit that gives a whole number: 1536 is "1536B", 2048 is "2KiB", 0 is "0B".
std::string size_to_text(std::uint64_t bytes);

/// A number of things: "500M", "20K", "1G", "1234"; powers of 1000. Nothing for any other text and
/// for what does not fit in 64 bits.
std::optional<std::uint64_t> parse_count(std::string_view text);
/// In the largest unit that gives a whole number: 500'000'000 is "500M", 1234 is "1234".
std::string count_to_text(std::uint64_t count);

}  // namespace imgdedup::matching
