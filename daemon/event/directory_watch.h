// SPDX-License-Identifier: Apache-2.0
// Says in which directories something happened; a hint, never more.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "posix/unique_descriptor.h"

namespace imgdedup::event {

class Loop;

/// Names one watch; chosen by the caller.
using WatchId = std::uint64_t;

/// What has come up since the last report. An id is at most once in each list.
struct WatchReport {
  std::vector<WatchId> dirty;    ///< something happened in there: list it
  std::vector<WatchId> started;  ///< watched from now on: list it now, not before
  /// Not watched, with the errno: ENOSPC (fs.inotify.max_user_watches), EMFILE
  /// (fs.inotify.max_user_instances), EACCES, ENOENT (no /proc) ...
  std::vector<std::pair<WatchId, int>> failed;
  /// Watched no longer: the directory itself was deleted, moved or unmounted. Directories below a
  /// moved one stay watched under their ids; whether they still lie in the tree is for the caller
  /// to find out.
  std::vector<WatchId> lost;
  /// Of those audited: the kernel watches them no longer, and has not said so. Nor does this.
  std::vector<WatchId> dead;
  /// The kernel may have dropped events: list everything, and again if this comes again before the
  /// end. Has false alarms from a queue about half full, and none missing that we know of.
  bool overflow = false;
};

struct WatchCounters {
  std::uint64_t callbacks = 0;  ///< events taken from the kernel
  std::uint64_t overflows = 0;  ///< reports with `overflow`
  std::uint64_t watches = 0;    ///< directories watched now
};

/// Watches directories, each by itself, with libuv's fs events on a loop and thread of its own, so
/// that a busy directory delays neither the main loop nor the watchdog. However much happens, what
/// waits for the main loop is one report, at most one entry a watch.
///
/// All calls and all callbacks on the thread of the Loop. No report names an id after unwatch(id),
/// and after a second watch(id) all reports speak of the second. While the report callback does not
/// come to its turn nothing is lost. Idle, it wakes nobody.
class DirectoryWatcher {
 public:
  using ReportCallback = std::function<void(WatchReport)>;

  /// Starts the thread, with all signals blocked. Throws std::system_error.
  DirectoryWatcher(Loop& loop, ReportCallback on_report);
  /// Ends the thread and every watch; neither reports nor pongs follow. Not from its own callbacks.
  ~DirectoryWatcher();
  DirectoryWatcher(const DirectoryWatcher&) = delete;
  DirectoryWatcher& operator=(const DirectoryWatcher&) = delete;

  /// Watches the inode that `directory` refers to, whatever its path becomes; answered by `started`
  /// or `failed`. The descriptor is closed then (an open one would make umount fail). An id that is
  /// watched already is moved to this inode. Two ids may watch the same inode; both get its events.
  /// Waits a moment while many descriptors are in hand (64), so that watching a large tree does not
  /// use them up.
  void watch(WatchId id, posix::UniqueDescriptor directory);
  /// Ends the watch; an unknown id is ignored.
  void unwatch(WatchId id);

  /// Compares `ids` with what the kernel says it watches (proc(5), fdinfo of inotify); those that
  /// are not among it are reported `dead`. Also one whose loss is still on its way may be.
  void audit(const std::vector<WatchId>& ids);

  /// Has the watcher thread answer through its own loop, then calls `pong` on the main loop: feeds
  /// the watchdog only if both are alive.
  void ping(std::function<void()> pong);

  [[nodiscard]] WatchCounters counters() const;

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace imgdedup::event
