// SPDX-License-Identifier: Apache-2.0
// The JSON value of the protocol, and its one-line text.
#pragma once

#include <cstddef>
#include <string>

#include <nlohmann/json.hpp>

namespace imgdedup::protocol {

/// Members keep the order in which they were added, so that lines read as documented. Finding a
/// member is linear: parse foreign text only behind the limits of parse_request().
using Json = nlohmann::ordered_json;

/// `value` as one line of UTF-8 without the final newline. Holds no raw control, line separator or
/// text direction character (they become \uXXXX), so it is safe in a log and on a terminal.
/// Strings that are no UTF-8 never make it throw: their bad bytes become U+FFFD.
std::string dump_line(const Json& value);

/// At least the bytes of dump_line(value), and seldom much more, without making it.
std::size_t most_line_bytes(const Json& value);

}  // namespace imgdedup::protocol
