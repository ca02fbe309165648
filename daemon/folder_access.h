// SPDX-License-Identifier: Apache-2.0
// What this process may do in a watched folder: list, read, watch, lease, rename.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "config/settings.h"

namespace imgdedup::daemon {

/// How much of a folder is looked at.
struct AccessSample {
  std::size_t most_entries = 2000;
  std::chrono::milliseconds most_time{2000};
};

/// So many of those looked at, and the first of them.
struct Denied {
  std::uint64_t count = 0;
  std::string first_path;
};

struct FolderAccess {
  int open_error = 0;         ///< errno of opening the folder to list it; then the rest is empty
  std::string blocked_at;     ///< the folder on the way to it that may not be passed through
  int watch_error = 0;        ///< errno of inotify_add_watch(2)
  bool is_read_only = false;  ///< its mount is, in this process's eyes
  std::uint64_t directories = 0;  ///< looked at, itself among them
  std::uint64_t files = 0;        ///< looked at, those that the settings admit
  Denied unlistable;              ///< directories that may not be listed or passed through
  Denied unreadable;              ///< files
  Denied unwritable;              ///< directories that may not be written
  /// Directories that may be written, but are sticky and somebody else's: only what is one's own
  /// can be renamed out of them.
  Denied sticky;
  Denied unleasable;  ///< files of other owners, without CAP_LEASE
};

/// The first directory above `path` that may not be passed through; empty if none.
std::string blocked_above(const std::string& path);

/// Looks, changing nothing, with the rights that the process has now. `descriptor`: the folder,
/// opened already (O_PATH will do), or -1 to open it by its path. Does not throw but
/// std::bad_alloc. Any thread.
FolderAccess examine_folder(const config::WatchedRoot& root, int descriptor,
                            const AccessSample& sample = {});

}  // namespace imgdedup::daemon
