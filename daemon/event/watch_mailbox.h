// SPDX-License-Identifier: Apache-2.0
// What the main thread and the watcher thread tell one another. For daemon/event/ alone.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "daemon/event/directory_watch.h"
#include "posix/unique_descriptor.h"

namespace imgdedup::event {

/// One use of a WatchId: a second watch() of the same id has a later generation.
struct WatchName {
  WatchId id = 0;
  std::uint64_t generation = 0;
};

struct WatchCommand {
  enum class Kind : std::uint8_t { watch, unwatch, audit, ping, stop };

  Kind kind = Kind::ping;
  WatchName name{};
  posix::UniqueDescriptor directory{};
  std::vector<WatchName> audited{};
};

/// What has happened since the main thread last asked.
struct WatchNews {
  std::vector<WatchName> dirty;
  std::vector<WatchName> started;
  std::vector<std::pair<WatchName, int>> failed;
  std::vector<WatchName> lost;
  std::vector<WatchName> dead;
  bool overflow = false;
  std::size_t pongs = 0;
  std::exception_ptr failure;  ///< the watcher thread has ended with this
};

/// Commands one way, news the other way, each side woken when there is something. Both hold at most
/// one entry a watch, however much happens, and descriptors_in_hand descriptors.
class WatchMailbox {
 public:
  static constexpr std::size_t descriptors_in_hand = 64;

  /// Any thread may call these two functions; each must only wake.
  WatchMailbox(std::function<void()> wake_main, std::function<void()> wake_watcher)
      : wake_main_(std::move(wake_main)), wake_watcher_(std::move(wake_watcher)) {}

  /// Main thread. Waits while the watcher has descriptors_in_hand descriptors to work through;
  /// drops the command when the watcher has failed.
  void post(WatchCommand command);
  /// Main thread. Begins a new period().
  WatchNews take_news();

  /// Watcher thread. Cheap.
  [[nodiscard]] bool has_commands() const noexcept {
    return has_commands_.load(std::memory_order_relaxed);
  }
  std::vector<WatchCommand> take_commands();
  /// Watcher thread: the descriptor of a watch command is closed.
  void descriptor_closed();
  /// Watcher thread. Grows by one with each take_news(): what was reported in this period need not
  /// be reported again.
  [[nodiscard]] std::uint64_t period() const noexcept { return period_.load(); }
  /// Watcher thread: it ends with `failure`; from now on commands are dropped.
  void report_failure(std::exception_ptr failure);
  /// Watcher thread: adds to the news, wakes the main thread unless that has been done. Gives the
  /// period into which the news went.
  template <class Change>
  std::uint64_t report(Change&& change) {
    const std::lock_guard lock(mutex_);
    std::forward<Change>(change)(news_);
    if (!std::exchange(main_is_woken_, true)) wake_main_();
    return period_.load();
  }

 private:
  const std::function<void()> wake_main_;
  const std::function<void()> wake_watcher_;
  std::mutex mutex_;
  std::condition_variable descriptor_free_;
  std::vector<WatchCommand> commands_;
  std::size_t descriptors_ = 0;
  WatchNews news_;
  bool main_is_woken_ = false;
  bool watcher_failed_ = false;
  std::atomic<bool> has_commands_ = false;
  std::atomic<std::uint64_t> period_ = 1;
};

}  // namespace imgdedup::event
