// SPDX-License-Identifier: Apache-2.0
// On which kind of file system something lies.
#pragma once

#include <cstdint>
#include <string_view>

namespace imgdedup::posix {

struct FileSystem {
  std::uint64_t magic = 0;  ///< statfs(2) f_type
  std::uint64_t id = 0;     ///< statfs(2) f_fsid; 0 where there is none
  /// NFS, SMB, FUSE, 9p, Ceph, overlay and their like: files may change without an event.
  bool is_remote = false;

  bool operator==(const FileSystem&) const = default;
};

/// Of an open file or directory. Throws std::system_error. Any thread.
FileSystem file_system_of(int descriptor);

/// Whether two open files or directories lie on one mount: only then can one be renamed into the
/// other. Throws std::system_error. Any thread.
bool on_same_mount(int left, int right);

/// Whether changes can happen on a file system of this kind that this kernel does not see.
bool is_remote_magic(std::uint64_t magic) noexcept;
/// "ext4", "nfs", "overlay"; "" for one without a name here.
std::string_view file_system_name(std::uint64_t magic) noexcept;

}  // namespace imgdedup::posix
