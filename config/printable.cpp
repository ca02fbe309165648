// SPDX-License-Identifier: Apache-2.0
// Escaping of what a settings file may hold but a terminal must not get.
#include "config/printable.h"

#include <cstddef>
#include <cstdint>

namespace imgdedup::config {
namespace {

unsigned char byte_at(std::string_view text, std::size_t index) {
  return static_cast<unsigned char>(text[index]);
}

/// Length of the printable character that `text` begins with; 0 if it must be escaped.
/// UTF-8 as in RFC 3629: no overlong forms, no surrogates; C1 controls are not printable.
std::size_t printable_length(std::string_view text) {
  const unsigned char first = byte_at(text, 0);
  if (first < 0x80) return first >= 0x20 && first != 0x7f ? 1 : 0;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  std::uint32_t code_point = first & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte_at(text, i) & 0xc0) != 0x80) return 0;
    code_point = code_point << 6 | (byte_at(text, i) & 0x3fU);
  }
  const bool is_overlong = code_point < (length == 4 ? 0x10000U : length == 3 ? 0x800U : 0xa0U);
  const bool is_surrogate = code_point >= 0xd800 && code_point < 0xe000;
  // Line separators and marks that reorder what a terminal shows.
  const bool is_layout = (code_point >= 0x2028 && code_point <= 0x202e) ||
                         (code_point >= 0x2066 && code_point <= 0x2069);
  return is_overlong || is_surrogate || is_layout || code_point > 0x10ffff ? 0 : length;
}

}  // namespace

std::string printable(std::string_view text, std::size_t most_bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string result;
  while (!text.empty()) {
    if (result.size() >= most_bytes) return result + "...";
    std::size_t length = printable_length(text);
    if (length == 0) {
      result += "\\x";
      result += digits[byte_at(text, 0) >> 4];
      result += digits[byte_at(text, 0) & 15];
      length = 1;
    } else {
      result += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  return result;
}

std::string quoted(std::string_view text) { return '"' + printable(text) + '"'; }

}  // namespace imgdedup::config
