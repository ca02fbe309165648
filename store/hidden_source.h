// SPDX-License-Identifier: Apache-2.0
// A file that a broken-off move hid, found in whatever folder it is by now.
#pragma once

#include <cstdint>
#include <string>

#include "store/catalog.h"
#include "store/original_place.h"

namespace imgdedup::store {

enum class HiddenSource : std::uint8_t {
  shown,    ///< it has its name again, or one beside it
  waits,    ///< its move is ended by recover_quarantine(), or it could not be renamed now
  unknown,  ///< not the file of any move in the journal
};

/// path: of a file with a hidden name, in a root that `place` names. No move may be in hand. Throws
/// StoreError. Loop thread only.
HiddenSource show_hidden_source(Catalog& catalog, const WatchedPlace& place,
                                const std::string& path);

}  // namespace imgdedup::store
