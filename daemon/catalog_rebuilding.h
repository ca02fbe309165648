// SPDX-License-Identifier: Apache-2.0
// What `status` says while a lost catalog is built again.
#pragma once

#include <string>

#include "daemon/roots.h"
#include "store/sqlite_catalog.h"

namespace imgdedup::daemon {

/// What happened to it, where it lies, what is done and what to do. It is being rebuilt.
std::string rebuilding_words(store::SqliteCatalog& catalog);
/// Some roots are away.
std::string rebuilding_waits_for(const Roots& roots);

}  // namespace imgdedup::daemon
