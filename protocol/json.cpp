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

}  // namespace imgdedup::protocol
