// SPDX-License-Identifier: Apache-2.0
// Lists a directory with the status of each entry.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "posix/file_status.h"

namespace imgdedup::posix {

enum class EntryType : std::uint8_t { regular, directory, symbolic_link, other };

struct DirectoryEntry {
  std::string name;  ///< bytes; never "." or ".."
  EntryType type = EntryType::other;
  FileStatus status;  ///< of the entry itself, links are not followed; all zero if `error`
  int error = 0;      ///< errno when the entry is there and its status cannot be had (EACCES, EIO)
};

/// Calls back with each entry, in the order of the file system. Entries that vanish meanwhile are
/// left out; `directory` may be O_PATH, and its read position is left alone. Remote file systems
/// may answer from their cache. Throws std::system_error when the directory cannot be read to its
/// end. Any thread.
void for_each_entry(int directory, const std::function<void(DirectoryEntry)>& callback);

/// The same as a list.
std::vector<DirectoryEntry> list_directory(int directory);

}  // namespace imgdedup::posix
