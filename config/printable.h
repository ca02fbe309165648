// SPDX-License-Identifier: Apache-2.0
// Text of a settings file made fit for a terminal or a log.
#pragma once

#include <string>
#include <string_view>

namespace imgdedup::config {

/// `text` with control characters, and bytes that are not UTF-8, as \xNN, cut after about 80 bytes
/// (then "..." follows). Valid UTF-8 of one line.
std::string printable(std::string_view text);
/// printable() between double quotes.
std::string quoted(std::string_view text);

}  // namespace imgdedup::config
