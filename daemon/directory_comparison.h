// SPDX-License-Identifier: Apache-2.0
// One directory as it is against the catalog as it was: the truth that events only hint at.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "daemon/directory_scan.h"
#include "daemon/library.h"

namespace imgdedup::daemon {

/// Goes through a directory's files and the catalog's rows side by side, in slices, so that a large
/// directory does not hold up the loop. Loop thread only.
class DirectoryComparison {
 public:
  /// A row whose file is no longer under its name: gone, or moved to where we have not looked yet.
  using OnMissing = std::function<void(const store::CatalogFile&)>;
  /// Whether `path` names the inode of `stamp` at this moment.
  using NamesInode = std::function<bool(const std::string& path, const matching::FileStamp& stamp)>;

  /// directory: absolute; files: sorted by name in byte order.
  DirectoryComparison(Library& library, std::string directory, std::vector<ScannedFile> files,
                      OnMissing on_missing, NamesInode names_inode);

  /// Handles the next slice in one transaction; true while there is more.
  bool step();

 private:
  [[nodiscard]] std::optional<store::CatalogFile> current(const store::CatalogFile& row);
  void compare(const ScannedFile& found, const store::CatalogFile& row);
  void appeared(const ScannedFile& found, const store::CatalogFile* row);

  Library& library_;
  std::string directory_;
  std::vector<ScannedFile> files_;
  OnMissing on_missing_;
  NamesInode names_inode_;
  std::size_t next_file_ = 0;
  std::string after_name_;
  bool rows_are_stale_ = false;  ///< of the page at hand: one may have moved onto or off a name
};

}  // namespace imgdedup::daemon
