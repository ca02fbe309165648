// SPDX-License-Identifier: Apache-2.0
// The words for log levels.
#pragma once

#include <string_view>

#include "config/settings.h"
#include "matching/name_table.h"

namespace imgdedup::config {

inline constexpr matching::NameTable<LogLevel, 5> level_names{
    {"trace", "debug", "info", "warning", "error"}};

/// "trace", "debug", "info", "warning", "error".
inline std::string_view name_of(LogLevel level) { return level_names.name_of(level); }

}  // namespace imgdedup::config
