// SPDX-License-Identifier: Apache-2.0
// One folder that `export` fills: what is ours in it is brought up to date, all else left alone.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "ctl/export_plan.h"
#include "ctl/export_record.h"
#include "posix/unique_descriptor.h"

namespace imgdedup::ctl {

/// Something that could not be done, about one file.
struct ExportProblem {
  std::string path;  ///< absolute
  std::string message;
};

struct ExportFigures {
  std::uint64_t files = 0;  ///< of those planned, that lie there now
  std::uint64_t copied = 0;
  std::uint64_t bytes = 0;  ///< of those copied
  std::uint64_t removed = 0;
};

/// A file is ours while it is as we left it (size and modification time; of a link, where it
/// points). Only such files are ever replaced or removed. A file appears under its name when it is
/// whole and on the disk, never before, and never over another one. May be interrupted anywhere;
/// the next export goes on. Nothing is written where nothing has to change. One thread.
class ExportFolder {
 public:
  /// Makes the folder if need be, and locks it against other exports. Throws std::runtime_error.
  ExportFolder(std::string path, std::string list_name);

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string list_path() const { return path_ + "/" + list_name_; }
  /// Whether an earlier export left files here.
  [[nodiscard]] bool has_exported_files() const { return !record_.files.empty(); }

  /// Removes what an earlier export put here and what is not in `planned` nor `staying`.
  void remove_stale(const PlannedFiles& planned, const std::set<std::string>& staying);
  /// Sees to it that the file lies at `exported`.
  void place(const std::string& exported, const PlannedFile& file, ExportForm form);
  /// Writes the list of what lies here of `planned`, and the record.
  void finish(const PlannedFiles& planned, bool with_decisions);

  [[nodiscard]] const ExportFigures& figures() const { return figures_; }
  [[nodiscard]] const std::vector<ExportProblem>& problems() const { return problems_; }

 private:
  struct Parent {
    int directory = -1;  ///< borrowed; -1: it is not there
    std::string name;    ///< of the file in it
    int error = 0;
  };
  enum class Missing : std::uint8_t { stay_missing, be_made };

  void read_record_text();
  void remove_one(const std::string& exported, const ExportedFile& file);
  void remove_empty_parents(std::string exported);
  void copy(const std::string& exported, const PlannedFile& file, int source, bool replaces);
  void link(const std::string& exported, const PlannedFile& file, bool replaces);
  void put_under_name(const std::string& exported, const ExportedFile& file, bool replaces);
  void write_whole(std::string_view name, const std::string& text,
                   const std::function<void(const ExportStamp&)>& before_rename);
  void write_list(const std::string& text);
  void write_record();
  void add_to_journal(const std::string& line);
  Parent parent_of(const std::string& exported, Missing missing);

  std::string path_, list_name_;
  posix::UniqueDescriptor root_;
  posix::UniqueDescriptor journal_;
  ExportRecord record_;
  bool record_changed_ = false;
  std::string open_parent_;  ///< which directory_ is
  posix::UniqueDescriptor directory_;
  std::set<std::string> present_;  ///< of those planned
  ExportFigures figures_;
  std::vector<ExportProblem> problems_;
};

}  // namespace imgdedup::ctl
