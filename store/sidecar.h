// SPDX-License-Identifier: Apache-2.0
// The note beside each quarantined file, so that it can be restored without the catalog.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "posix/file_attributes.h"
#include "store/records.h"

namespace imgdedup::store {

/// The name of an entry's sidecar in its quarantine directory: "q17.json" for entry 17.
std::string sidecar_name(DecisionId id);

/// The name of a copy that is not whole yet: "q17-0123456789abcdef.jpg.part".
std::string part_name(const std::string& name);

/// The id in "q17.json" or in "q17-0123456789abcdef.jpg"; empty for any other name.
std::optional<DecisionId> id_from_quarantine_name(std::string_view name);

/// JSON with the original path (readable, and its bytes in base64), content digest, size, times,
/// relation, keeper and the file's name in quarantine.
/// attributes: those of the original, for a copy that may not have been able to keep them all.
std::string sidecar_text(const QuarantineEntry& entry,
                         const posix::FileAttributes* attributes = nullptr);

/// The entry of a sidecar, in state quarantined, without its quarantine directory; empty when the
/// text is not a sidecar.
std::optional<QuarantineEntry> parse_sidecar(std::string_view text);

/// The attributes in a sidecar; empty if it has none.
std::optional<posix::FileAttributes> attributes_in_sidecar(std::string_view text);

}  // namespace imgdedup::store
