// SPDX-License-Identifier: Apache-2.0
// Where folders lie in their file systems, by whichever mount they are reached.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace imgdedup::posix {

/// A folder of a file system, whatever is mounted where: the same for all bind mounts of it.
struct MountPlace {
  std::string file_system;  ///< "8:1", the device of mountinfo; one for all of a btrfs
  std::string path;         ///< within it, "/" for its top

  bool operator==(const MountPlace&) const = default;
};

/// Whether `place` is `region` or lies below it. Any thread.
bool lies_in(const MountPlace& place, const MountPlace& region);

/// The mounts of this process as they were at one moment: proc_pid_mountinfo(5). Two views of a
/// file that are not of one file system (an overlay and its layers, a network share on its own
/// server) have nothing in common here. Any thread.
class MountTable {
 public:
  /// Throws std::system_error.
  static MountTable read();
  /// From the text of mountinfo; lines that are none are passed over.
  explicit MountTable(std::string_view text);

  /// The place of an open folder that was reached as `relative` below the open folder `top`,
  /// without links. Throws std::system_error where it lies in no mount that is to be seen.
  [[nodiscard]] MountPlace place_of(int folder, int top, std::string_view relative) const;
  /// The place of an open folder and those of all that is mounted below it. Throws like the above.
  [[nodiscard]] std::vector<MountPlace> places_below(int top) const;

 private:
  struct Mount {
    std::uint64_t id = 0;
    std::string file_system;
    std::string root;   ///< what of the file system is shown
    std::string point;  ///< where
  };
  [[nodiscard]] MountPlace place_at(std::uint64_t mount, const std::string& path) const;

  std::vector<Mount> mounts_;
};

}  // namespace imgdedup::posix
