// SPDX-License-Identifier: Apache-2.0
// What the file system knows of a file without reading it.
#include "posix/file_status.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cerrno>
#include <system_error>

namespace imgdedup::posix {
namespace {

std::int64_t nanoseconds(const statx_timestamp& time) noexcept {
  // Some file systems keep any 64 bits of seconds: those that do not fit wrap around.
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 +
                                   time.tv_nsec);
}

FileStatus status_of(int descriptor, int flags) {
  struct statx raw;
  if (::statx(descriptor, "", AT_EMPTY_PATH | flags, STATX_BASIC_STATS | STATX_BTIME, &raw) != 0)
    throw std::system_error(errno, std::generic_category(), "statx of an open file");
  return status_from(raw);
}

}  // namespace

FileStatus status_from(const struct statx& raw) noexcept {
  return {.device = ::makedev(raw.stx_dev_major, raw.stx_dev_minor),
          .inode = raw.stx_ino,
          .size_bytes = static_cast<std::int64_t>(raw.stx_size),
          .mtime_ns = nanoseconds(raw.stx_mtime),
          .ctime_ns = nanoseconds(raw.stx_ctime),
          .btime_ns = (raw.stx_mask & STATX_BTIME) ? nanoseconds(raw.stx_btime) : 0,
          .hard_links = raw.stx_nlink,
          .is_regular = S_ISREG(raw.stx_mode),
          .is_directory = S_ISDIR(raw.stx_mode)};
}

FileStatus status_of(int descriptor) { return status_of(descriptor, AT_STATX_SYNC_AS_STAT); }

FileStatus cached_status_of(int descriptor) { return status_of(descriptor, AT_STATX_DONT_SYNC); }

}  // namespace imgdedup::posix
