// SPDX-License-Identifier: Apache-2.0
// Text that may be shown: strict UTF-8, visible escapes for the rest, columns on a terminal.
#include "protocol/utf8.h"

#include <array>
#include <cstdint>
#include <span>

namespace imgdedup::protocol {
namespace {

struct Range {
  char32_t first, last;
};

/// `ranges` are in order, so plain letters, which come first, cost a comparison or two.
bool contains(std::span<const Range> ranges, char32_t value) {
  for (const Range& range : ranges)
    if (value <= range.last) return value >= range.first;
  return false;
}

constexpr bool are_in_order(std::span<const Range> ranges) {
  for (std::size_t i = 0; i < ranges.size(); ++i)
    if (ranges[i].first > ranges[i].last || (i > 0 && ranges[i].first <= ranges[i - 1].last))
      return false;
  return true;
}

// Blocks of Unicode 15: combining marks, joiners and variation selectors.
constexpr auto zero_width = std::to_array<Range>({{0x0300, 0x036f},
                                                  {0x0483, 0x0489},
                                                  {0x0591, 0x05bd},
                                                  {0x0610, 0x061a},
                                                  {0x064b, 0x065f},
                                                  {0x1ab0, 0x1aff},
                                                  {0x1dc0, 0x1dff},
                                                  {0x200b, 0x200d},
                                                  {0x20d0, 0x20ff},
                                                  {0x3099, 0x309a},
                                                  {0xfe00, 0xfe0f},
                                                  {0xfe20, 0xfe2f},
                                                  {0xfeff, 0xfeff},
                                                  {0xe0100, 0xe01ef}});

// East Asian Width W and F, and what terminals draw as wide emoji.
constexpr auto double_width = std::to_array<Range>(
    {{0x1100, 0x115f},   {0x231a, 0x231b},   {0x23e9, 0x23ec},   {0x2614, 0x2615},
     {0x2e80, 0x303e},   {0x3041, 0x33ff},   {0x3400, 0x4dbf},   {0x4e00, 0x9fff},
     {0xa000, 0xa4cf},   {0xa960, 0xa97f},   {0xac00, 0xd7a3},   {0xf900, 0xfaff},
     {0xfe30, 0xfe6f},   {0xff00, 0xff60},   {0xffe0, 0xffe6},   {0x1f300, 0x1f64f},
     {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x1fa70, 0x1faff}, {0x20000, 0x3fffd}});

// Marks and isolates that turn the direction of text: U+061C, U+200E.., U+202A.., U+2066..
constexpr auto controls = std::to_array<Range>({{0x00, 0x1f},
                                                {0x7f, 0x9f},
                                                {0x061c, 0x061c},
                                                {0x200e, 0x200f},
                                                {0x2028, 0x202e},
                                                {0x2066, 0x2069}});

static_assert(are_in_order(zero_width) && are_in_order(double_width) && are_in_order(controls));

void append_escaped(std::string& text, std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  for (const char byte : bytes) {
    switch (byte) {
      case '\n':
        text += "\\n";
        break;
      case '\r':
        text += "\\r";
        break;
      case '\t':
        text += "\\t";
        break;
      default: {
        const auto value = static_cast<std::uint8_t>(byte);
        text += "\\x";
        text += digits[value >> 4U];
        text += digits[value & 15U];
      }
    }
  }
}

/// Calls `shown` with what may be shown as it is and `hidden` with what may not, in order.
template <typename Shown, typename Hidden>
void split(std::string_view bytes, Shown shown, Hidden hidden) {
  while (!bytes.empty()) {
    const auto point = first_code_point(bytes);
    const std::string_view piece = bytes.substr(0, point ? point->bytes : 1);
    if (point && !is_control(point->value))
      shown(piece);
    else
      hidden(piece);
    bytes.remove_prefix(piece.size());
  }
}

}  // namespace

std::optional<CodePoint> first_code_point(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const auto byte_at = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t lead = byte_at(0);
  if (lead < 0x80) return CodePoint{lead, 1};
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return std::nullopt;
  char32_t value = lead & (0xffU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte_at(i) & 0xc0U) != 0x80U) return std::nullopt;
    value = value << 6U | (byte_at(i) & 0x3fU);
  }
  constexpr std::array<char32_t, 5> smallest{0, 0, 0x80, 0x800, 0x10000};
  if (value < smallest[length] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
    return std::nullopt;
  return CodePoint{value, length};
}

bool is_valid_utf8(std::string_view text) {
  while (!text.empty()) {
    const auto point = first_code_point(text);
    if (!point) return false;
    text.remove_prefix(point->bytes);
  }
  return true;
}

bool is_control(char32_t value) { return contains(controls, value); }

std::string readable_text(std::string_view bytes) {
  bool has_escape = false;
  split(
      bytes, [](std::string_view) {}, [&](std::string_view) { has_escape = true; });
  if (!has_escape) return std::string(bytes);
  std::string text;
  split(
      bytes, [&](std::string_view piece) { text += piece == "\\" ? "\\\\" : piece; },
      [&](std::string_view piece) { append_escaped(text, piece); });
  return text;
}

std::size_t display_width(std::string_view text) {
  std::size_t columns = 0;
  while (!text.empty()) {
    const CodePoint point = first_code_point(text).value_or(CodePoint{});
    text.remove_prefix(point.bytes);
    if (contains(zero_width, point.value)) continue;
    columns += contains(double_width, point.value) ? 2 : 1;
  }
  return columns;
}

}  // namespace imgdedup::protocol
