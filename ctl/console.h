// SPDX-License-Identifier: Apache-2.0
// Where the client writes, and what may be written there.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>

namespace imgdedup::ctl {

enum class Sink : std::uint8_t { terminal, other };
enum class Colours : std::uint8_t { off, on };
enum class Colour : std::uint8_t { bold, dim, red, green, yellow };

struct Console {
  std::ostream& out;
  std::ostream& errors;
  Sink out_sink = Sink::other;
  Sink error_sink = Sink::other;
  Colours out_colours = Colours::off;

  /// `text` between the sequences that colour it, if colours are on.
  [[nodiscard]] std::string painted(Colour colour, std::string_view text) const;
};

/// Standard output and standard error of this process. Colours only on a terminal that is not
/// "dumb", and not when $NO_COLOR is set to anything (https://no-color.org).
Console standard_console();

}  // namespace imgdedup::ctl
