// SPDX-License-Identifier: Apache-2.0
// The only truth: directories as they are, listed and held against the catalog.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/directory_comparison.h"
#include "daemon/event/loop.h"
#include "daemon/event/poller.h"
#include "daemon/event/timer.h"
#include "daemon/library.h"
#include "daemon/missing_files.h"
#include "daemon/watch_tree.h"
#include "posix/unique_descriptor.h"

namespace imgdedup::daemon {

struct ReconcilerCounts {
  std::uint64_t passes = 0;  ///< complete comparisons finished
  std::optional<std::chrono::milliseconds> last_pass;
  std::size_t waiting_directories = 0;
  bool is_busy = false;  ///< a pass runs, or a directory waits or is being listed
};

/// Events, timers, rescans and mounts only mark directories dirty; this lists them, a few at a time
/// on pool threads, and applies what it finds in slices on the loop. Loop thread only.
class Reconciler final : private WatchTreeObserver {
 public:
  struct Hooks {
    /// The catalog may have new pending files.
    std::function<void()> files_may_wait;
    /// A root that was offline is there again.
    std::function<void(const Root&)> root_came_back;
    /// A file that is on its way into quarantine is not missing.
    std::function<bool(store::FileId)> is_being_moved;
    /// A root went away, or is not there at the start.
    std::function<void(const Root&)> root_went_away;
    /// Something about the watching that its owner may want to read; nothing has to be done.
    std::function<void(const std::string&)> note;
    /// A file lies here under a name that a move or a restore gave it for a moment.
    std::function<void(const std::string& path)> found_hidden;
  };

  Reconciler(event::Loop& loop, Roots& roots, Library& library, std::chrono::milliseconds interval,
             Hooks hooks);

  /// Compares everything there is with the catalog; `done` is called when every directory known
  /// now has been listed after this call and what is missing has been dealt with.
  void start_pass(std::function<void()> done = {});
  /// Lists the directory that holds `path` soon.
  void look_at_directory_of(std::string_view path);
  /// Lists `directory`, a root or one below a root, and all that is known below it.
  void look_below(std::string_view directory);

  [[nodiscard]] ReconcilerCounts counts() const;
  [[nodiscard]] WatchTree& watches() { return tree_; }

 private:
  struct Pass {
    std::uint64_t outstanding = 0;
    std::chrono::steady_clock::time_point begin;
    std::function<void()> done;
  };
  struct Scan;

  void directory_is_dirty(DirectoryNode& node) override;
  void directory_goes(const DirectoryNode& node) override;
  void events_were_lost() override;
  void watches_were_repaired(std::size_t count) override;
  void root_is_offline(const Root& root) override;
  void root_is_online(const Root& root) override;

  void owe(DirectoryNode& node, PassId pass);
  void pay(const std::vector<PassId>& passes);
  void finish_pass(PassId id);
  void wake();
  void pump();
  void start_scan(DirectoryNode& node);
  void scanned(const std::shared_ptr<Scan>& scan);
  void scan_failed(DirectoryNode& node, Scan& scan);
  void apply_directories(DirectoryNode& node, const Scan& scan);
  void apply_files(const std::shared_ptr<Scan>& scan);
  void end_scan(const std::shared_ptr<Scan>& scan);
  void check_missing();
  void call_waiting_passes();
  void look_for_offline_roots();
  void list_polled_directories();
  void mounts_changed();
  [[nodiscard]] std::string mounts_of_roots() const;
  void set_up_polling();

  event::Loop& loop_;
  Roots& roots_;
  Library& library_;
  Hooks hooks_;
  WatchTree tree_;
  MissingFiles missing_;

  std::deque<NodeId> ready_;
  std::multimap<std::chrono::steady_clock::time_point, NodeId> delayed_;
  std::size_t scans_in_flight_ = 0;
  bool is_woken_ = false;

  std::map<PassId, Pass> passes_;
  std::vector<std::function<void()>> passes_to_end_;
  PassId last_pass_ = 0;
  std::uint64_t passes_done_ = 0;
  std::optional<std::chrono::milliseconds> last_pass_time_;

  std::chrono::milliseconds overflow_delay_{0};
  bool overflow_pass_waits_ = false;
  std::chrono::steady_clock::time_point last_overflow_;

  event::Timer delay_timer_;
  event::Timer missing_timer_;
  event::Timer interval_timer_;
  event::Timer overflow_timer_;
  event::Timer offline_timer_;
  event::Timer polled_timer_;
  event::Timer mount_timer_;
  event::Timer audit_timer_;
  std::vector<std::unique_ptr<event::Timer>> root_timers_;
  posix::UniqueDescriptor mount_table_;
  std::string mounts_of_roots_;  ///< as they were at the last look
  std::unique_ptr<event::DescriptorWatch> mount_watch_;
};

}  // namespace imgdedup::daemon
