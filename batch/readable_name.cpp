// SPDX-License-Identifier: Apache-2.0
// File names, which are bytes, as one line of text for people.
#include "batch/readable_name.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>

#include "batch/json_text.h"

namespace imgdedup::batch {
namespace {

struct CodePoint {
  char32_t value;
  std::size_t length;
};

/// The first of `text`, which is UTF-8 and not empty.
CodePoint first_of(std::string_view text) {
  const auto byte = [text](std::size_t i) {
    return static_cast<char32_t>(static_cast<std::uint8_t>(text[i]));
  };
  const char32_t first = byte(0);
  if (first < 0x80) return {first, 1};
  const std::size_t length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  char32_t value = first & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) value = value << 6 | (byte(i) & 0x3F);
  return {value, length};
}

bool acts(char32_t character) {
  const auto within = [character](char32_t low, char32_t high) {
    return character >= low && character <= high;
  };
  return within(0, 0x1F) || within(0x7F, 0x9F) || character == 0x061C || within(0x200E, 0x200F) ||
         within(0x2028, 0x202E) || within(0x2066, 0x2069);
}

}  // namespace

std::string readable_name(std::string_view name) {
  const std::string text = json_text(name);
  std::string readable;
  for (std::string_view rest = text; !rest.empty();) {
    const auto [character, length] = first_of(rest);
    readable += acts(character) ? "\xEF\xBF\xBD" : rest.substr(0, length);
    rest.remove_prefix(length);
  }
  return readable;
}

std::string message_text(std::string_view bytes) {
  const std::string text = json_text(bytes);
  std::string line;
  for (std::string_view rest = text; !rest.empty();) {
    const auto [character, length] = first_of(rest);
    for (const char byte : rest.substr(0, length)) {
      std::array<char, 5> escaped{byte};
      if (acts(character))
        std::snprintf(escaped.data(), escaped.size(), "\\x%02x",
                      static_cast<unsigned>(static_cast<std::uint8_t>(byte)));
      line += escaped.data();
    }
    rest.remove_prefix(length);
  }
  return line;
}

void say(std::string_view message) {
  std::fprintf(stderr, "imgdedup: %s\n", message_text(message).c_str());
}

}  // namespace imgdedup::batch
