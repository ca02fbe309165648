// SPDX-License-Identifier: Apache-2.0
// What the file system knows of a file without reading it.
#pragma once

#include <cstdint>

struct statx;

namespace imgdedup::posix {

/// Times in nanoseconds since 1970.
struct FileStatus {
  std::uint64_t device = 0;  ///< as st_dev
  std::uint64_t inode = 0;
  std::int64_t size_bytes = 0;
  std::int64_t mtime_ns = 0;
  std::int64_t ctime_ns = 0;
  std::int64_t btime_ns = 0;  ///< birth; 0 where the file system keeps none
  std::uint64_t hard_links = 0;
  bool is_regular = false;
  bool is_directory = false;

  bool operator==(const FileStatus&) const = default;
};

/// The status of an open file, O_PATH included, fresh from the file system (also a remote one).
/// Throws std::system_error. Any thread.
FileStatus status_of(int descriptor);

/// The same from what the kernel holds of it, without asking a file system that may never answer (a
/// network's, or one made by a program). Local file systems: no difference.
FileStatus cached_status_of(int descriptor);

/// For this folder: from what statx(2) gave.
FileStatus status_from(const struct statx& raw) noexcept;

}  // namespace imgdedup::posix
