// SPDX-License-Identifier: Apache-2.0
// One-line text of JSON values that is safe to show.
#include "protocol/json.h"

#include <array>
#include <cstdio>
#include <string_view>

#include "protocol/utf8.h"

namespace imgdedup::protocol {
namespace {

bool is_ascii_printable(char byte) { return byte >= ' ' && byte < 0x7f; }

std::size_t most_text_bytes(std::string_view text) {
  constexpr std::size_t escape = 6;  // \uXXXX
  constexpr std::size_t quotes = 2;
  std::size_t bytes = quotes;
  for (const char byte : text) {
    if (byte == '"' || byte == '\\')
      bytes += 2;
    else if (is_ascii_printable(byte))
      bytes += 1;
    else if (static_cast<unsigned char>(byte) < 0x80)
      bytes += escape;
    else
      // U+FFFD for a byte that is no UTF-8, or half an escape: what becomes one has two at least.
      bytes += 3;
  }
  return bytes;
}

}  // namespace

std::string dump_line(const Json& value) {
  const std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string line;
  line.reserve(text.size());
  // nlohmann escapes C0 only. What is_control() adds stands inside of strings alone, lies below
  // U+10000 and may therefore be written as one \u escape.
  for (std::size_t i = 0; i < text.size();) {
    if (is_ascii_printable(text[i])) {
      line += text[i++];
      continue;
    }
    const auto point = first_code_point(std::string_view(text).substr(i)).value_or(CodePoint{});
    if (is_control(point.value)) {
      std::array<char, 8> escape{};
      std::snprintf(escape.data(), escape.size(), "\\u%04x", static_cast<unsigned>(point.value));
      line += escape.data();
    } else {
      line.append(text, i, point.bytes);
    }
    i += point.bytes;
  }
  return line;
}

std::size_t most_line_bytes(const Json& value) {
  constexpr std::size_t longest_number = 25;
  switch (value.type()) {
    case Json::value_t::string:
      return most_text_bytes(value.get_ref<const std::string&>());
    case Json::value_t::array: {
      std::size_t bytes = 2;
      for (const Json& element : value) bytes += most_line_bytes(element) + 1;
      return bytes;
    }
    case Json::value_t::object: {
      std::size_t bytes = 2;
      for (const auto& [name, member] : value.items())
        bytes += most_text_bytes(name) + most_line_bytes(member) + 2;
      return bytes;
    }
    default:
      return longest_number;
  }
}

}  // namespace imgdedup::protocol
