// SPDX-License-Identifier: Apache-2.0
// The settings file: YAML to Settings and back, and every problem with its line.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "config/problem.h"
#include "config/settings.h"

namespace imgdedup::config {

/// What is wrong with a value for what the system has: no such group, an unusable model.
struct Finding {
  std::string key;      ///< "socket.group"
  std::string message;  ///< what is wrong, and what is allowed
};
/// What is wrong with settings that are right as text; empty if nothing.
using SystemCheck = std::function<std::vector<Finding>(const Settings&)>;

/// Reads the settings file `path`: a regular file of at most 1 MiB.
/// Throws ConfigError with every problem at once: those of parse_settings(), or that the file is
/// missing, unreadable, too large or no file. Symbolic links are followed. Any thread.
Settings load_settings(const std::string& path, const SystemCheck& check_system = {});

/// Reads settings from the text of a file; `file_name` is for the problems only. What is not set
/// has the default of Settings; only `watch` must be there. Paths are normalised (one slash between
/// parts, none at the end) and compared as text: nothing is looked up in the file system.
/// Throws ConfigError with every problem at once: what is not YAML, unknown keys and keys that come
/// twice, wrong types and units, values out of their range, paths that are relative or in each
/// other's way; and, when there is nothing of that, what check_system (may be empty) says. Throws
/// what check_system throws. Any thread.
Settings parse_settings(std::string_view text, const std::string& file_name,
                        const SystemCheck& check_system = {});

/// All settings, in the form of the settings file: parse_settings() gives `settings` back, also for
/// paths that are not UTF-8. `settings` are valid, as loaded.
std::string to_yaml(const Settings& settings);

}  // namespace imgdedup::config
