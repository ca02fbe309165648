// SPDX-License-Identifier: Apache-2.0
// Ends a copying to or from another mount that was broken off.
#pragma once

#include <cstdint>

#include "store/catalog.h"
#include "store/original_place.h"

namespace imgdedup::store {

enum class CopyEnd : std::uint8_t {
  undone,       ///< the file is where it was before, or beside it; nothing of it is in quarantine
  quarantined,  ///< the file lies in quarantine
  restored,     ///< the file is back; the journal does not say so yet
  lost,         ///< neither is there; the journal does not say so yet
  waits,        ///< a folder is away; nothing was changed
};

/// entry: in state copying, copied or restoring. Never removes one of two copies unless it has seen
/// the other. place: of the entry's original path. Throws std::system_error, StoreError.
CopyEnd end_copy(Catalog& catalog, const QuarantineEntry& entry, const WatchedPlace& place);

}  // namespace imgdedup::store
