// SPDX-License-Identifier: Apache-2.0
// The service while its catalog cannot be used.
#pragma once

#include <cstdint>
#include <string>

#include "config/settings.h"

namespace imgdedup::daemon {

enum class OutageEnd : std::uint8_t {
  over,     ///< the catalog can be used again
  stopped,  ///< SIGTERM or SIGINT
};

/// Nothing is judged and nothing moved, for it could not be written down. `status` says why and
/// what to do, every other command is told to come again; the catalog is tried every second. What
/// arrives meanwhile is found by the next life's first pass. Throws std::runtime_error when the
/// socket cannot be had.
OutageEnd wait_for_catalog(const config::Settings& settings, const std::string& why);

}  // namespace imgdedup::daemon
