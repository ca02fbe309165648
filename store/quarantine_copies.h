// SPDX-License-Identifier: Apache-2.0
// Ends a copying to or from another mount that was broken off.
#pragma once

#include <functional>
#include <string>

#include "store/catalog.h"

namespace imgdedup::store {

enum class CopyEnd : std::uint8_t {
  undone,       ///< the file is where it was before, or beside it; nothing of it is in quarantine
  quarantined,  ///< the file lies in quarantine
  restored,     ///< the file is back; the journal does not say so yet
  lost,         ///< neither is there; the journal does not say so yet
  waits,        ///< a folder is away; nothing was changed
};

/// entry: in state copying, copied or restoring. Never removes one of two copies unless it has seen
/// the other. is_away: see recover_quarantine(). Throws std::system_error, StoreError.
CopyEnd end_copy(Catalog& catalog, const QuarantineEntry& entry,
                 const std::function<bool(const std::string& path)>& is_away);

}  // namespace imgdedup::store
