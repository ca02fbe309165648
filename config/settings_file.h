// SPDX-License-Identifier: Apache-2.0
// The settings file: YAML to Settings and back, and every problem with its line.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "config/problem.h"
#include "config/settings.h"

namespace imgdedup::config {

/// Why the model that the settings name cannot be used; empty if it can, or if none is set.
using ModelCheck = std::function<std::string(const Settings&)>;

/// Reads the settings file `path`: a regular file of at most 1 MiB.
/// Throws ConfigError with every problem at once: those of parse_settings(), or that the file is
/// missing, unreadable, too large or no file. Symbolic links are followed. Any thread.
Settings load_settings(const std::string& path, const ModelCheck& check_model = {});

/// Reads settings from the text of a file; `file_name` is for the problems only. What is not set
/// has the default of Settings; only `watch` must be there. Paths are normalised (one slash between
/// parts, none at the end) and compared as text: nothing is looked up in the file system.
/// Throws ConfigError with every problem at once: what is not YAML, unknown keys and keys that come
/// twice, wrong types and units, values out of their range, paths that are relative or in each
/// other's way; and, when there is nothing of that, what check_model (may be empty) says. Throws
/// what check_model throws. Any thread.
Settings parse_settings(std::string_view text, const std::string& file_name,
                        const ModelCheck& check_model = {});

/// All settings, in the form of the settings file: parse_settings() gives `settings` back, also for
/// paths that are not UTF-8. `settings` are valid, as loaded.
std::string to_yaml(const Settings& settings);

}  // namespace imgdedup::config
