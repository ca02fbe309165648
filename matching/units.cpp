// SPDX-License-Identifier: Apache-2.0
// Numbers with units: one table a kind, largest unit first.
#include "matching/units.h"

#include <cassert>
#include <charconv>
#include <limits>
#include <span>

namespace imgdedup::matching {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::uint64_t minute_ms = 60'000;
constexpr Unit duration_units[] = {
    {"d", 24 * 60 * minute_ms}, {"h", 60 * minute_ms}, {"m", minute_ms}, {"s", 1000}, {"ms", 1}};
constexpr Unit size_units[] = {{"TiB", std::uint64_t{1} << 40},
                               {"GiB", std::uint64_t{1} << 30},
                               {"MiB", std::uint64_t{1} << 20},
                               {"KiB", std::uint64_t{1} << 10},
                               {"B", 1}};
constexpr Unit count_units[] = {{"G", 1'000'000'000}, {"M", 1'000'000}, {"K", 1000}, {"", 1}};

std::optional<std::uint64_t> parse(std::string_view text, std::span<const Unit> units,
                                   std::uint64_t largest) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{}) return std::nullopt;
  const std::string_view name(rest, static_cast<std::size_t>(end - rest));
  for (const Unit& unit : units) {
    if (unit.name != name) continue;
    if (number > largest / unit.factor) return std::nullopt;
    return number * unit.factor;
  }
  return std::nullopt;
}

std::string to_text(std::uint64_t value, std::span<const Unit> units) {
  const Unit* fitting = &units.back();
  for (const Unit& unit : units) {
    if (value == 0 || value % unit.factor != 0) continue;
    fitting = &unit;
    break;
  }
  return std::to_string(value / fitting->factor) + std::string(fitting->name);
}

}  // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  using Milliseconds = std::chrono::milliseconds;
  const auto value =
      parse(text, duration_units,
            static_cast<std::uint64_t>(std::numeric_limits<Milliseconds::rep>::max()));
  if (!value) return std::nullopt;
  return Milliseconds(static_cast<Milliseconds::rep>(*value));
}

std::string duration_to_text(std::chrono::milliseconds duration) {
  assert(duration.count() >= 0);
  const auto value = static_cast<std::uint64_t>(duration.count());
  if (value == 0) return "0s";
  if (value == minute_ms) return "60s";
  return to_text(value, duration_units);
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  return parse(text, size_units, std::numeric_limits<std::uint64_t>::max());
}

std::string size_to_text(std::uint64_t bytes) { return to_text(bytes, size_units); }

std::optional<std::uint64_t> parse_count(std::string_view text) {
  return parse(text, count_units, std::numeric_limits<std::uint64_t>::max());
}

std::string count_to_text(std::uint64_t count) { return to_text(count, count_units); }

}  // namespace imgdedup::matching
