// SPDX-License-Identifier: Apache-2.0
// What a change of the settings asks for.
#pragma once

#include "config/settings.h"

namespace imgdedup::daemon {

/// Whether more differs than what the judge looks up at every file.
bool needs_new_daemon(config::Settings before, config::Settings after);

/// The policy of the settings, the bound of the embeddings included where there is a model.
matching::Policy policy_of(const config::Settings& settings);

}  // namespace imgdedup::daemon
