// SPDX-License-Identifier: Apache-2.0
// The words by which enumerations appear in settings, catalog and JSON: one table each, both ways.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace imgdedup::matching {

/// Names of the values 0..N-1 of `Enum`, in order.
template <typename Enum, std::size_t N>
struct NameTable {
  std::array<std::string_view, N> names;

  [[nodiscard]] constexpr std::string_view name_of(Enum value) const {
    return names[static_cast<std::size_t>(value)];
  }
  [[nodiscard]] constexpr std::optional<Enum> from_name(std::string_view name) const {
    for (std::size_t i = 0; i < N; ++i)
      if (names[i] == name) return static_cast<Enum>(i);
    return std::nullopt;
  }
};

}  // namespace imgdedup::matching
