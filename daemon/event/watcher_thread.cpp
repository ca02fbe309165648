// SPDX-License-Identifier: Apache-2.0
// The thread that holds the fs events: each only marks its directory dirty.
#include "daemon/event/watcher_thread.h"

#include <pthread.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <uv.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_map>

#include "daemon/event/loop.h"
#include "daemon/event/uv_handle.h"
#include "daemon/event/wakeup.h"
#include "posix/file_status.h"
#include "posix/inotify_marks.h"
#include "posix/test_hooks.h"

namespace imgdedup::event {
namespace {

// libuv takes at most 4096 bytes, that is 256 events, from the queue at a time.
constexpr std::int64_t events_per_read = 256;
constexpr std::int64_t smallest_event_bytes = 16;
constexpr std::int64_t callbacks_between_checks = 64;

std::int64_t read_queue_limit() {
  std::int64_t limit = 0;
  std::ifstream file("/proc/sys/fs/inotify/max_queued_events");
  return file >> limit && limit > 0 ? limit : 16384;
}

std::chrono::microseconds callback_delay() {
  const char* const text = posix::test_text("IMGDEDUPD_CB_DELAY_US");
  return std::chrono::microseconds(text ? std::strtol(text, nullptr, 10) : 0);
}

/// A file of this name lets its directory's watch be dropped; nullptr: none does.
const char* drop_at() { return posix::test_text("IMGDEDUPD_DROP_WATCH_AT"); }

void wait_busily(std::chrono::microseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) {
  }
}

}  // namespace

/// What only the watcher thread touches.
class WatcherThread::Body {
 public:
  explicit Body(WatcherThread& thread)
      : thread_(thread),
        mailbox_(thread.mailbox_),
        commands_came_(loop_, [this] { run_commands(); }) {
    ::uv_prepare_init(loop_.handle(), &before_waiting_);
    before_waiting_.data = this;
    ::uv_prepare_start(&before_waiting_, [](uv_prepare_t* prepare) {
      auto* const body = static_cast<Body*>(prepare->data);
      if (std::exchange(body->has_stopped_watches_, false))
        body->loop_.guard([&] { body->check_queue_with_dead_events(); });
    });
    thread.commands_came_ = &commands_came_;
  }

  ~Body() {
    while (!watches_.empty()) close_and_delete(watches_.extract(watches_.begin()).mapped());
    ::uv_close(reinterpret_cast<uv_handle_t*>(&before_waiting_), nullptr);
  }

  Body(const Body&) = delete;
  Body& operator=(const Body&) = delete;

  void run() { loop_.run(); }

 private:
  struct Watch {
    Watch(Body& owner, WatchName own_name) : body(owner), name(own_name) {}

    Body& body;
    WatchName name;
    std::uint64_t inode = 0;
    std::uint64_t device = 0;
    std::uint64_t dirty_in_period = 0;
    bool was_dropped_by_test = false;
    uv_fs_event_t handle{};
  };
  using Watches = std::unordered_map<WatchId, Watch*>;

  void run_commands() {
    std::vector<WatchCommand> commands = mailbox_.take_commands();
    for (WatchCommand& command : commands) {
      switch (command.kind) {
        case WatchCommand::Kind::watch:
          start_watch(command.name, std::move(command.directory));
          mailbox_.descriptor_closed();
          break;
        case WatchCommand::Kind::unwatch:
          unwatch(command.name.id);
          break;
        case WatchCommand::Kind::audit:
          audit(command.audited);
          break;
        case WatchCommand::Kind::ping:
          mailbox_.report([](WatchNews& news) { ++news.pongs; });
          break;
        case WatchCommand::Kind::stop:
          loop_.stop();
          // In a flood the events in hand would be worked through first, and new ones come.
          while (!watches_.empty()) stop_watch(watches_.begin());
          return;
      }
    }
  }

  void start_watch(WatchName name, posix::UniqueDescriptor directory) {
    unwatch(name.id);
    const bool is_first = loop_.handle()->inotify_fd < 0;
    if (is_first) set_queue_limit(read_queue_limit());
    // Through /proc it is the opened inode that is watched. libuv names an event of the directory
    // itself by the last part of this path; no child can be called ".".
    const std::string path = "/proc/self/fd/" + std::to_string(directory.get()) + "/.";
    auto made = std::make_unique<Watch>(*this, name);
    const auto position = watches_.emplace(name.id, made.get()).first;
    Watch* const watch = made.release();
    try {
      const posix::FileStatus status = posix::status_of(directory.get());
      watch->inode = status.inode;
      watch->device = status.device;
    } catch (const std::system_error&) {
      // An audit then knows it by its number alone.
    }
    ::uv_fs_event_init(loop_.handle(), &watch->handle);
    watch->handle.data = watch;
    const int result = ::uv_fs_event_start(&watch->handle, on_event, path.c_str(), 0);
    if (result < 0) {
      close_and_delete(watch);
      watches_.erase(position);
      mailbox_.report([&](WatchNews& news) { news.failed.emplace_back(name, -result); });
      return;
    }
    ++thread_.watches_;
    mailbox_.report([&](WatchNews& news) { news.started.push_back(name); });
  }

  void unwatch(WatchId id) {
    if (const auto found = watches_.find(id); found != watches_.end()) stop_watch(found);
  }

  void stop_watch(Watches::iterator position) {
    // Events of a stopped watch come without a callback, so its queue must be looked at by itself:
    // now, and once more before it is read.
    if (!std::exchange(has_stopped_watches_, true)) check_queue_with_dead_events();
    close_and_delete(position->second);
    watches_.erase(position);
    --thread_.watches_;
  }

  void audit(const std::vector<WatchName>& names) {
    const int queue = loop_.handle()->inotify_fd;
    if (queue < 0) return;
    const auto marks = posix::inotify_marks(queue);
    if (!marks) return;
    std::unordered_map<int, posix::InotifyMark> living;
    for (const posix::InotifyMark& mark : *marks) living.emplace(mark.watch, mark);
    std::vector<WatchName> dead;
    for (const WatchName& name : names) {
      const auto watched = watches_.find(name.id);
      if (watched != watches_.end() && watched->second->name.generation != name.generation)
        continue;
      if (watched != watches_.end()) {
        const Watch& watch = *watched->second;
        const auto mark = living.find(watch.handle.wd);
        // File systems that number their inodes in two ways differ in the device.
        if (mark != living.end() &&
            (mark->second.inode == watch.inode || mark->second.device != watch.device))
          continue;
        stop_watch(watched);
      }
      dead.push_back(name);
    }
    if (!dead.empty())
      mailbox_.report(
          [&](WatchNews& news) { news.dead.insert(news.dead.end(), dead.begin(), dead.end()); });
  }

  static void on_event(uv_fs_event_t* handle, const char* name, int events, int) noexcept {
    auto* const watch = static_cast<Watch*>(handle->data);
    Body& body = watch->body;
    body.loop_.guard([&] { body.take_event(*watch, name ? name : "", events); });
  }

  void take_event(Watch& watch, std::string_view name, int events) {
    thread_.callbacks_.fetch_add(1, std::memory_order_relaxed);
    if (delay_.count() > 0) wait_busily(delay_);
    if (drop_at_ && drop_for_test(watch, name)) return;
    // Of the directory itself libuv says UV_CHANGE when its attributes have changed, and only
    // UV_RENAME when it has been deleted, moved or unmounted.
    if (name == "." && (events & UV_CHANGE) == 0) {
      mailbox_.report([&](WatchNews& news) { news.lost.push_back(watch.name); });
      unwatch(watch.name.id);
    } else if (watch.dirty_in_period != mailbox_.period()) {
      watch.dirty_in_period =
          mailbox_.report([&](WatchNews& news) { news.dirty.push_back(watch.name); });
    }
    if (++callbacks_since_check_ >= check_interval_) {
      callbacks_since_check_ = 0;
      if (queued_bytes() >= alarm_bytes_) report_overflow();
    }
    // libuv stays in here while events keep coming; the main thread is not to wait for that.
    if (mailbox_.has_commands()) run_commands();
  }

  /// The kernel's word that the watch has gone is kept back.
  bool drop_for_test(Watch& watch, std::string_view name) {
    if (name == drop_at_ && !std::exchange(watch.was_dropped_by_test, true))
      ::inotify_rm_watch(loop_.handle()->inotify_fd, watch.handle.wd);
    return watch.was_dropped_by_test;
  }

  void set_queue_limit(std::int64_t max_queued_events) {
    alarm_bytes_ =
        smallest_event_bytes * std::max<std::int64_t>(0, max_queued_events - events_per_read);
    check_interval_ = std::clamp<std::int64_t>(max_queued_events / 2, 1, callbacks_between_checks);
  }

  /// An overflow leaves a nearly full queue at the next check. libuv skips IN_Q_OVERFLOW itself.
  std::int64_t queued_bytes() {
    int bytes = 0;
    const int queue = loop_.handle()->inotify_fd;
    return queue >= 0 && ::ioctl(queue, FIONREAD, &bytes) == 0 ? bytes : 0;
  }

  void check_queue_with_dead_events() {
    const std::int64_t bytes = queued_bytes();
    if (bytes > 0 && bytes >= alarm_bytes_ / 2) report_overflow();
  }

  void report_overflow() {
    mailbox_.report([&](WatchNews& news) {
      if (!std::exchange(news.overflow, true)) ++thread_.overflows_;
    });
  }

  WatcherThread& thread_;
  WatchMailbox& mailbox_;
  uv_prepare_t before_waiting_{};  // goes after the loop that closes it
  Loop loop_;
  Wakeup commands_came_;
  Watches watches_;
  const std::chrono::microseconds delay_ = callback_delay();
  const char* const drop_at_ = drop_at();
  std::int64_t alarm_bytes_ = 0;
  std::int64_t check_interval_ = 1;
  std::int64_t callbacks_since_check_ = 0;
  bool has_stopped_watches_ = false;
};

WatcherThread::WatcherThread(std::function<void()> wake_main)
    : mailbox_(std::move(wake_main), [this] { commands_came_->send(); }) {
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  // The thread inherits the mask.
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  std::promise<void> started;
  std::future<void> has_started = started.get_future();
  try {
    thread_ = std::thread(&WatcherThread::run, this, std::move(started));
  } catch (...) {
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw;
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  try {
    has_started.get();
  } catch (...) {
    thread_.join();
    throw;
  }
}

WatcherThread::~WatcherThread() {
  mailbox_.post({.kind = WatchCommand::Kind::stop});
  thread_.join();
}

WatchCounters WatcherThread::counters() const noexcept {
  return {.callbacks = callbacks_, .overflows = overflows_, .watches = watches_};
}

void WatcherThread::run(std::promise<void> started) noexcept {
  ::pthread_setname_np(::pthread_self(), "watcher");
  std::optional<Body> body;
  try {
    body.emplace(*this);
  } catch (...) {
    started.set_exception(std::current_exception());
    return;
  }
  started.set_value();
  try {
    body->run();
  } catch (...) {
    mailbox_.report_failure(std::current_exception());
  }
}

}  // namespace imgdedup::event
