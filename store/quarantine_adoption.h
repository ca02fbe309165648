// SPDX-License-Identifier: Apache-2.0
// Takes what lies in quarantine into the journal, by the notes beside the files.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "store/quarantine.h"
#include "store/quarantine_directory.h"

namespace imgdedup::store {

/// One look at all quarantine folders: adopt() for each, then renumber(). A file that the journal
/// knows at another place, where it is no more, is known at this one from then on. One that the
/// catalog does not know, for it was lost or brought back from a backup, gets a row. Nothing is
/// removed but notes without a file; no file is replaced. Loop thread only.
class QuarantineAdoption {
 public:
  /// All are loans for the life of this object; what was found is added to `report`.
  QuarantineAdoption(Catalog& catalog, const PlaceOf& place_of, RecoveryReport& report)
      : catalog_(catalog), place_of_(place_of), report_(report) {}

  /// One folder. Throws StoreError.
  void adopt(const std::string& directory);
  /// Files whose number is that of another decision of this catalog get numbers that no file in any
  /// of the folders has. Killed at any moment, the next start ends it. Throws StoreError.
  void renumber();
  /// Whether a move that has not come to its end was found at another place than its row said.
  [[nodiscard]] bool has_found_unfinished() const { return has_found_unfinished_; }

 private:
  struct Folder;
  /// What a note says of a file, whatever its number.
  using Origin = std::pair<std::string, std::string>;

  void look_at_note(Folder& folder, DecisionId id);
  void found_known(Folder& folder, const QuarantineEntry& known, const QuarantineEntry& note,
                   const matching::FileStamp& stamp);
  void adopted(const Folder& folder, const QuarantineEntry& entry, DecisionId hidden_id);
  void remove_notes_left(const Folder& folder);
  void report_what_is_left(const Folder& folder);
  void renumber(const std::string& directory, DecisionId id);
  [[nodiscard]] bool is_listed(const QuarantineEntry& note);
  void show_what_is_hidden(const Folder& folder, const QuarantineEntry& entry,
                           DecisionId hidden_id);
  template <typename Step>
  void guarded(const std::string& path, Step step);

  Catalog& catalog_;
  const PlaceOf& place_of_;
  RecoveryReport& report_;
  std::vector<std::pair<std::string, DecisionId>> conflicts_;
  std::optional<std::map<Origin, QuarantineEntry>> listed_;  ///< read when first asked for
  bool has_found_unfinished_ = false;
};

}  // namespace imgdedup::store
