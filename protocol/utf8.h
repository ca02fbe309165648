// SPDX-License-Identifier: Apache-2.0
// Text that may be shown: strict UTF-8, visible escapes for the rest, columns on a terminal.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace imgdedup::protocol {

/// The first code point of `text`: its value and its length in bytes, 1..4. Empty when `text` does
/// not begin with well-formed UTF-8 (overlong forms, surrogates and values above U+10FFFF are not).
struct CodePoint {
  char32_t value = 0;
  std::size_t bytes = 1;
};
std::optional<CodePoint> first_code_point(std::string_view text);

bool is_valid_utf8(std::string_view text);

/// Whether a terminal may act on the character, or a reader be misled by it, rather than see it:
/// C0, DEL, C1, line and paragraph separators, invisible text direction controls.
bool is_control(char32_t value);

/// `bytes` as valid UTF-8 on one line that a terminal only shows: a byte that is no UTF-8 and each
/// byte of a control character become \xHH, newline \n, tab \t, carriage return \r; a backslash
/// doubles, but only in a text that has such an escape, so that ordinary names stay as they are.
std::string readable_text(std::string_view bytes);

/// Terminal columns of valid UTF-8 without control characters: wide East Asian characters and
/// emoji count 2, combining marks 0, all else 1.
std::size_t display_width(std::string_view text);

}  // namespace imgdedup::protocol
