// SPDX-License-Identifier: Apache-2.0
// Settings that are right as text, held against the system and against what their owner may mean.
#pragma once

#include <string>
#include <vector>

#include "config/settings_file.h"

namespace imgdedup::daemon {

/// For config::load_settings(): a group that is not there, a model that cannot be used. Starts a
/// worker where a model is set, and throws as pool_settings() for what is no fault of the model.
/// Any thread.
std::vector<config::Finding> problems_on_this_system(const config::Settings& settings);

/// Settings that do what they say, which may not be what was meant; one line each. Any thread.
std::vector<std::string> doubts_about(const config::Settings& settings);

}  // namespace imgdedup::daemon
