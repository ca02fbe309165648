// SPDX-License-Identifier: Apache-2.0
// What an export folder holds by our own hand: kept in it, so that a later export knows its files.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace imgdedup::ctl {

/// The record of a folder, and the lines added to it while an export is at work.
inline constexpr std::string_view record_name = ".imgdedup-export.jsonl";
inline constexpr std::string_view journal_name = ".imgdedup-export.journal";
/// A file that is being written, until it gets its name.
inline constexpr std::string_view part_name = ".imgdedup-export.part";

enum class ExportForm : std::uint8_t { copy, link };

/// Size and modification time: what tells whether a file is as we left it.
struct ExportStamp {
  std::int64_t bytes = 0;
  std::int64_t mtime_ns = 0;

  bool operator==(const ExportStamp&) const = default;
};

struct ExportedFile {
  std::string source;  ///< absolute; of a link, also what it points to
  ExportForm form = ExportForm::copy;
  ExportStamp source_stamp;  ///< when it was exported
  ExportStamp stamp;         ///< of the copy

  bool operator==(const ExportedFile&) const = default;
};

struct ExportRecord {
  std::map<std::string, ExportedFile> files;  ///< by path below the folder
  std::optional<ExportStamp> list;            ///< of the list that we wrote

  bool operator==(const ExportRecord&) const = default;
};

/// The first line of a record, to be followed by its lines.
std::string record_header();
std::string record_line(const std::string& path, const ExportedFile& file);
std::string record_line_of_list(const ExportStamp& list);
/// The whole text.
std::string record_text(const ExportRecord& record);

/// Adds the lines of `text` to `record`; a later line replaces an earlier one of the same path. The
/// last line may be cut off. Throws std::runtime_error when it is no such text.
void read_record(std::string_view text, ExportRecord& record);

}  // namespace imgdedup::ctl
