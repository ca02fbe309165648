// SPDX-License-Identifier: Apache-2.0
// Whether the files of an open catalog still are the ones that their names lead to.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace imgdedup::store {

/// SQLite goes on writing into a file that was deleted or replaced, and nobody ever reads it.
/// Remembers the catalog, its -wal and its -shm as they are now. Never opens them: closing a second
/// descriptor would give SQLite's locks back. Any thread.
class FilesInPlace {
 public:
  explicit FilesInPlace(const std::string& catalog);
  /// The first that is gone or another by now; "" when all are in place.
  [[nodiscard]] std::string first_not_in_place() const;

 private:
  struct Identity {
    std::string path;
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
  };
  std::vector<Identity> files_;
};

}  // namespace imgdedup::store
