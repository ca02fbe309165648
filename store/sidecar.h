// SPDX-License-Identifier: Apache-2.0
// The note beside each quarantined file, so that it can be restored without the catalog.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "store/records.h"

namespace imgdedup::store {

/// The name of an entry's sidecar in its quarantine directory: "q17.json" for entry 17.
std::string sidecar_name(DecisionId id);

/// The id in "q17.json" or in "q17-0123456789abcdef.jpg"; empty for any other name.
std::optional<DecisionId> id_from_quarantine_name(std::string_view name);

/// JSON with the original path (readable, and its bytes in base64), content digest, size, times,
/// relation, keeper and the file's name in quarantine.
std::string sidecar_text(const QuarantineEntry& entry);

/// The entry of a sidecar, in state quarantined, without its quarantine directory; empty when the
/// text is not a sidecar.
std::optional<QuarantineEntry> parse_sidecar(std::string_view text);

}  // namespace imgdedup::store
