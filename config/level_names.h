// SPDX-License-Identifier: Apache-2.0
// The words for log levels and for the rule of the sandbox.
#pragma once

#include <string_view>

#include "config/settings.h"
#include "matching/name_table.h"

namespace imgdedup::config {

inline constexpr matching::NameTable<LogLevel, 5> level_names{
    {"trace", "debug", "info", "warning", "error"}};

/// "trace", "debug", "info", "warning", "error".
inline std::string_view name_of(LogLevel level) { return level_names.name_of(level); }

inline constexpr matching::NameTable<SandboxRule, 2> sandbox_rule_names{
    {"required", "best-effort"}};

/// "required", "best-effort".
inline std::string_view name_of(SandboxRule rule) { return sandbox_rule_names.name_of(rule); }

}  // namespace imgdedup::config
