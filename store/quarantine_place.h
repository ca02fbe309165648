// SPDX-License-Identifier: Apache-2.0
// Whether a quarantine folder is the one that it was, or the empty place of one that is not
// mounted.
#pragma once

#include <string>

#include "store/catalog.h"

namespace imgdedup::store {

/// False when files of the journal lie in the folder at `path`, and what is there now is on another
/// file system than it was and holds none of those that were asked for (fifty): then its file
/// system is not mounted. A folder that is not there counts as being where its parent is. Throws
/// std::system_error, StoreError.
bool is_quarantine_in_place(Catalog& catalog, const std::string& path);

/// Remembers on which file system the open folder at `path` lies. Throws like the above.
void remember_quarantine_place(Catalog& catalog, const std::string& path, int descriptor);

}  // namespace imgdedup::store
