// SPDX-License-Identifier: Apache-2.0
// Which names below a watched root count.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace imgdedup::daemon {

/// Globs as fnmatch(3) knows them. One without '/' is held against the name alone, one with '/'
/// against the path below the root, where '*' does not cross a '/'. Any thread.
class PathFilter {
 public:
  PathFilter(std::vector<std::string> include, std::vector<std::string> exclude);

  /// `relative`: the path below the root, bytes.
  [[nodiscard]] bool admits_file(std::string_view relative) const;
  /// Whether a listing from the root down would come to this file: it counts, and no directory
  /// above it is excluded.
  [[nodiscard]] bool reaches_file(std::string_view relative) const;
  /// Directories are only ever excluded.
  [[nodiscard]] bool admits_directory(std::string_view relative) const;

 private:
  std::vector<std::string> include_;
  std::vector<std::string> exclude_;
};

/// Names that programs give to files they have not finished: "x.part", ".x.Ab12Cd", "x~", and those
/// of this service's own moves ... They
/// wait for their rename whatever the settings say.
bool is_temporary_name(std::string_view name);

/// Whether the name's ending is one that images carry.
bool is_named_like_an_image(std::string_view name);

}  // namespace imgdedup::daemon
