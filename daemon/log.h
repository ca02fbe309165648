// SPDX-License-Identifier: Apache-2.0
// The service's own log, on standard error.
#pragma once

#include "config/settings.h"

namespace imgdedup::daemon {

/// One line an event; the journal adds time and priority itself, a terminal gets them here.
void set_up_log();
void set_log_level(config::LogLevel level);

}  // namespace imgdedup::daemon
