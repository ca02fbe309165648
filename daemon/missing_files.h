// SPDX-License-Identifier: Apache-2.0
// Rows whose file is not where it was: moved to where we have not looked yet, or gone.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "daemon/library.h"
#include "daemon/roots.h"

namespace imgdedup::daemon {

/// Collects them until the directories around have been listed, for a file that moved turns up
/// there and keeps its row. Loop thread only.
class MissingFiles {
 public:
  MissingFiles(Library& library, const Roots& roots) : library_(library), roots_(roots) {}

  void add(const store::CatalogFile& file);
  /// Every file of the catalog at any depth below a directory that is no longer there.
  void add_directory(std::string directory);

  [[nodiscard]] bool empty() const { return files_.empty() && directories_.empty(); }
  /// When the last one was added.
  [[nodiscard]] std::chrono::steady_clock::time_point last_added() const { return last_added_; }
  [[nodiscard]] std::chrono::steady_clock::time_point first_added() const { return first_added_; }

  struct Outcome {
    /// Is there after all, under its old name: its directory wants listing.
    std::function<void(const std::string& path)> reappeared;
    std::function<bool(store::FileId)> is_being_moved;
  };
  /// Forgets the next slice of those that really are gone; those below roots that are offline, or
  /// where one cannot look, stay as they are. False when all that is left has to wait.
  bool settle_slice(const Outcome& outcome);

 private:
  struct Missing {
    store::FileId id = 0;
    std::string path;
  };
  struct Directory {
    std::string path;
    std::string after_name;
  };
  void settle(const Missing& missing, const Outcome& outcome);
  void expand_directory();
  void note_time();

  Library& library_;
  const Roots& roots_;
  std::deque<Missing> files_;
  std::deque<Directory> directories_;
  std::chrono::steady_clock::time_point first_added_;
  std::chrono::steady_clock::time_point last_added_;
};

/// Whether `path`, below an online root, names this inode at this moment.
bool names_inode(const Roots& roots, const std::string& path, const matching::FileStamp& stamp);

}  // namespace imgdedup::daemon
