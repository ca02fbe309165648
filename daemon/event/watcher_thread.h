// SPDX-License-Identifier: Apache-2.0
// The thread that holds the fs events. For daemon/event/ alone.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <future>
#include <thread>

#include "daemon/event/watch_mailbox.h"

namespace imgdedup::event {

class Wakeup;

/// Runs a loop with one uv_fs_event_t a directory. Made, used and destroyed by one thread.
class WatcherThread {
 public:
  /// `wake_main` is called on the watcher thread when news come up. Throws std::system_error when
  /// no loop or thread can be made.
  explicit WatcherThread(std::function<void()> wake_main);
  ~WatcherThread();
  WatcherThread(const WatcherThread&) = delete;
  WatcherThread& operator=(const WatcherThread&) = delete;

  [[nodiscard]] WatchMailbox& mailbox() noexcept { return mailbox_; }
  [[nodiscard]] WatchCounters counters() const noexcept;

 private:
  class Body;
  void run(std::promise<void> started) noexcept;

  Wakeup* commands_came_ = nullptr;  // lives in the thread; used under the mailbox's lock
  WatchMailbox mailbox_;
  std::atomic<std::uint64_t> callbacks_ = 0;
  std::atomic<std::uint64_t> overflows_ = 0;
  std::atomic<std::uint64_t> watches_ = 0;
  std::thread thread_;
};

}  // namespace imgdedup::event
