// SPDX-License-Identifier: Apache-2.0
// What lies in one directory, read on a thread of the pool: values in, values out.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "daemon/path_filter.h"
#include "matching/image_record.h"
#include "posix/file_status.h"

namespace imgdedup::daemon {

/// Tells one directory from another that has its path, and often its inode, after it.
struct DirectoryIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t btime_ns = 0;

  bool operator==(const DirectoryIdentity&) const = default;
};
DirectoryIdentity identity_of(const posix::FileStatus& status);
matching::FileStamp stamp_of(const posix::FileStatus& status);

struct ScanRequest {
  std::string root_path;
  std::string relative;  ///< the directory below the root; "": the root itself
  std::shared_ptr<const PathFilter> filter;
  bool is_recursive = true;
  std::vector<std::string> quarantine_directories;  ///< never entered, under whatever name
};

struct ScannedFile {
  std::string name;
  matching::FileStamp stamp;
  std::uint64_t hard_links = 1;
  std::int64_t birth_ns = 0;  ///< since 1970; 0 where the file system keeps none
};

struct ScannedDirectory {
  std::string name;
  DirectoryIdentity identity;
};

struct ScanResult {
  int error = 0;  ///< errno; then all else is empty
  DirectoryIdentity identity;
  std::vector<ScannedFile> files;             ///< regular files that count, by name in byte order
  std::vector<ScannedDirectory> directories;  ///< that count; none when not recursive
  std::vector<std::string> hidden;            ///< names that moves gave (store::is_hidden_name)
  bool is_empty = false;                      ///< nothing at all lies in it, counted or not
  std::chrono::steady_clock::duration duration{0};
};

/// Lists the directory; symbolic links and special files are left out, and files that have the
/// sidecar of a quarantine beside them. Does not throw for what the
/// file system does. Any thread.
ScanResult scan_directory(const ScanRequest& request);

/// "a" and "b" -> "a/b"; "" and "b" -> "b".
std::string join_relative(std::string_view directory, std::string_view name);
/// "/r" and "a/b" -> "/r/a/b"; "/r" and "" -> "/r".
std::string absolute_path(std::string_view root_path, std::string_view relative);

}  // namespace imgdedup::daemon
