// SPDX-License-Identifier: Apache-2.0
// What the main thread and the watcher thread tell one another.
#include "daemon/event/watch_mailbox.h"

namespace imgdedup::event {

void WatchMailbox::post(WatchCommand command) {
  std::unique_lock lock(mutex_);
  if (command.directory) {
    descriptor_free_.wait(lock,
                          [&] { return descriptors_ < descriptors_in_hand || watcher_failed_; });
    ++descriptors_;
  }
  if (watcher_failed_) return;
  commands_.push_back(std::move(command));
  has_commands_ = true;
  // Under the lock: the watcher cannot end between the look at watcher_failed_ and this.
  wake_watcher_();
}

WatchNews WatchMailbox::take_news() {
  const std::lock_guard lock(mutex_);
  ++period_;
  main_is_woken_ = false;
  return std::exchange(news_, {});
}

std::vector<WatchCommand> WatchMailbox::take_commands() {
  const std::lock_guard lock(mutex_);
  has_commands_ = false;
  return std::exchange(commands_, {});
}

void WatchMailbox::descriptor_closed() {
  const std::lock_guard lock(mutex_);
  --descriptors_;
  descriptor_free_.notify_one();
}

void WatchMailbox::report_failure(std::exception_ptr failure) {
  report([&](WatchNews& news) {
    news.failure = std::move(failure);
    watcher_failed_ = true;
    commands_.clear();
  });
  descriptor_free_.notify_all();
}

}  // namespace imgdedup::event
