// SPDX-License-Identifier: Apache-2.0
// What `export` puts where: from the service's listings to paths in two folders.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/reports.h"

namespace imgdedup::ctl {

/// Names in an export folder that no folder of a watched root may take.
inline constexpr std::string_view duplicates_list_name = "duplicates.csv";
inline constexpr std::string_view unique_list_name = "unique.csv";

/// One file that is to lie in an export folder.
struct PlannedFile {
  std::string source_directory;  ///< absolute: a watched root, or a folder of quarantined files
  std::string source_relative;   ///< below it
  std::uint64_t bytes = 0;       ///< as it was judged
  std::optional<protocol::DecisionReport> decision;  ///< of a duplicate

  [[nodiscard]] std::string source() const { return source_directory + "/" + source_relative; }
};

/// By path relative to the export folder: the name of the root's folder, then the path below it.
using PlannedFiles = std::map<std::string, PlannedFile>;

struct ExportPlan {
  PlannedFiles duplicates, unique;
  /// Paths of files that wait for their decision: what an earlier export put there stays
  /// until they are decided.
  std::set<std::string> undecided;
  /// Of files that cannot be read: what an earlier export put there may be the last good copy.
  std::set<std::string> unread;
};

/// A folder name for each of `roots`, in their order: the last part of its path, with as many of
/// the parts before as it takes to tell them apart ("photos", or "ada-photos" and "ben-photos").
std::vector<std::string> root_folder_names(const std::vector<std::string>& roots);

/// Sorts files into duplicates (a decision in force, quarantined ones included) and unique ones
/// (every other judged file; those that merely belong to another file are unique). Further names of
/// one inode are left out.
class ExportPlanner {
 public:
  explicit ExportPlanner(const std::vector<std::string>& roots);

  void add_file(const protocol::FileReport& file);
  /// After all files.
  void add_decision(const protocol::DecisionReport& decision);
  /// After all decisions.
  void add_quarantined(const protocol::QuarantineEntryReport& entry);

  [[nodiscard]] const ExportPlan& plan() const { return plan_; }
  [[nodiscard]] bool has_quarantined() const { return !quarantined_.empty(); }

 private:
  struct Place {
    std::string root, relative, exported;
  };
  [[nodiscard]] std::optional<Place> place_of(std::string_view path) const;

  std::map<std::string, std::string, std::less<>> folder_by_root_;
  std::map<std::int64_t, protocol::DecisionReport> quarantined_;
  ExportPlan plan_;
};

/// The list of an export folder as CSV (RFC 4180): file, source, bytes; of duplicates also
/// relation, original and evidence. One row for each of `exported` that is planned.
std::string list_text(const PlannedFiles& planned, const std::set<std::string>& exported,
                      bool with_decisions);

}  // namespace imgdedup::ctl
