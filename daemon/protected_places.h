// SPDX-License-Identifier: Apache-2.0
// Whether a file that is to move also lies in a folder that is protected.
#pragma once

#include <optional>
#include <string>

#include "daemon/roots.h"

namespace imgdedup::daemon {

/// The root with `protect: true` that the folder of `path` lies in as well, seen through another
/// mount or a link; empty if there is none. `root` holds `path`. Asks the system, not the catalog.
/// Throws std::system_error where it cannot be told.
std::optional<std::string> protected_root_around(const Roots& roots, const Root& root,
                                                 const std::string& path);

}  // namespace imgdedup::daemon
