// SPDX-License-Identifier: Apache-2.0
// Text of a settings file made fit for a terminal or a log.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace imgdedup::config {

/// `text` with control characters, and bytes that are not UTF-8, as \xNN, cut after about
/// `most_bytes` (then "..." follows). Valid UTF-8 of one line.
std::string printable(std::string_view text, std::size_t most_bytes = 80);
/// printable() between double quotes.
std::string quoted(std::string_view text);

}  // namespace imgdedup::config
