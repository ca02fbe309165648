// SPDX-License-Identifier: Apache-2.0
// What an inotify descriptor really watches, by the kernel's own word.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace imgdedup::posix {

struct InotifyMark {
  int watch = 0;             ///< as inotify_add_watch(2) gave it
  std::uint64_t inode = 0;   ///< of the kernel's inode; on overlay not always that of stat(2)
  std::uint64_t device = 0;  ///< of its file system; on btrfs not that of stat(2)

  bool operator==(const InotifyMark&) const = default;
};

/// The live watches of `inotify`, a descriptor of this process, in no order; empty optional where
/// /proc does not tell. Takes time by their number. Does not throw for what the system does. Any
/// thread.
std::optional<std::vector<InotifyMark>> inotify_marks(int inotify);

/// One line of /proc/self/fdinfo of an inotify descriptor, proc(5); empty for a line of another
/// kind.
std::optional<InotifyMark> inotify_mark_from(std::string_view line);

}  // namespace imgdedup::posix
