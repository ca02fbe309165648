// SPDX-License-Identifier: Apache-2.0
// The single files of an export folder: what is there, and how one gets there whole.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ctl/export_record.h"
#include "posix/safe_open.h"
#include "posix/unique_descriptor.h"

// `directory` is an open directory, `name` one component in it. Functions that return a descriptor
// or nothing throw std::system_error.
namespace imgdedup::ctl {

/// What lies at a name; links are not followed.
struct ExportEntry {
  bool is_regular = false;
  ExportStamp stamp;
  std::optional<std::string> link_target;  ///< of a symbolic link
};

ExportStamp stamp_of(const struct stat& status);
ExportStamp stamp_of_open(int file);

/// Empty if nothing is there.
std::optional<ExportEntry> entry_at(int directory, const std::string& name);
/// Of a regular file; empty if there is none.
std::optional<ExportStamp> stamp_at(int directory, const std::string& name);
/// All of a regular file; empty if there is none.
std::optional<std::string> text_at(int directory, const std::string& name);

/// Whether what lies there is what we put there, unchanged.
bool is_as_left(const ExportEntry& entry, const ExportedFile& file);
/// Whether what lies there is as good as what would be put there: the same bytes as `source`, or a
/// link to `source_path`.
bool shows_the_same(int directory, const std::string& name, const ExportEntry& entry, int source,
                    const std::string& source_path, ExportForm form);

/// Opens a directory below `root`, making what is missing; links are not followed.
posix::Opened make_directory_beneath(int root, std::string_view relative);
/// A new empty file in place of what an interrupted export left there; for its user alone.
posix::UniqueDescriptor open_part(int directory, const std::string& name);
posix::UniqueDescriptor open_for_appending(int directory, const std::string& name);
void append(int file, std::string_view text);
mode_t current_umask();

enum class Replacing : std::uint8_t { no, yes };

/// Renames within one file system: 0, or the errno. Without replacing, EEXIST if the name is taken,
/// also where the file system knows no such rename.
int give_name(int old_directory, const std::string& old_name, int directory,
              const std::string& name, Replacing replacing);

}  // namespace imgdedup::ctl
