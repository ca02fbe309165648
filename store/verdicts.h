// SPDX-License-Identifier: Apache-2.0
// The owner's word, apart from the catalog: what no look at the folders could find out again.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/records.h"

struct sqlite3;

namespace imgdedup::store {

/// A file that its owner took out of quarantine, as it was when it was last seen.
struct RestoredFile {
  std::string path;
  matching::FileStamp stamp;
  std::uint64_t hard_links = 1;

  bool operator==(const RestoredFile&) const = default;
};

struct Verdicts {
  /// Contents that are no duplicates of each other.
  std::vector<std::pair<matching::ContentDigest, matching::ContentDigest>> distinct;
  std::vector<RestoredFile> restored;
  DecisionId last_decision_id = 0;  ///< ids up to here have been given away

  bool operator==(const Verdicts&) const = default;
};

/// One JSON object a line; the first says how many follow.
std::string verdicts_text(const Verdicts& verdicts);
/// Empty unless the text is whole.
std::optional<Verdicts> parse_verdicts(std::string_view text);

/// From an open catalog. Throws StoreError.
Verdicts read_verdicts(sqlite3* database);

/// From the catalog of a running service into CATALOG.verdicts, which is replaced as a whole. Any
/// thread. Throws StoreError, std::system_error.
void export_verdicts(const std::string& catalog, const std::atomic<bool>& stop);

/// What was last exported; if that cannot be read, what the newest readable backup has; empty if
/// there is none.
std::optional<Verdicts> saved_verdicts(const std::string& catalog);

}  // namespace imgdedup::store
