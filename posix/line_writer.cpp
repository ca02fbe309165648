// SPDX-License-Identifier: Apache-2.0
// Lines to a descriptor that may not take them.
#include "posix/line_writer.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "posix/unique_descriptor.h"

namespace imgdedup::posix {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds look_interval{100};
constexpr milliseconds time_to_end{1000};
constexpr milliseconds time_to_give_up{500};

}  // namespace

// Held by the thread too: one that the system keeps in write() outlives its writer.
struct LineWriter::Shared {
  UniqueDescriptor descriptor;
  std::string name;
  std::size_t max_waiting_bytes = 0;

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::string> waiting;
  std::size_t waiting_bytes = 0;
  std::uint64_t lost_since_last_line = 0;
  bool is_over = false;
  bool has_ended = false;
  steady_clock::time_point end;
  std::atomic<std::uint64_t> dropped{0};
  bool ended_within_line = false;  ///< of the thread

  void lose() {
    ++lost_since_last_line;
    ++dropped;
  }
  void run();
  bool may_go_on();
  bool write_whole(std::string_view text);
  bool write_now(std::string_view text);
};

bool LineWriter::Shared::may_go_on() {
  const std::lock_guard lock(mutex);
  return !is_over || steady_clock::now() < end;
}

// True if it was written. A pipe that says it has room takes this much without blocking.
bool LineWriter::Shared::write_whole(std::string_view text) {
  while (!text.empty()) {
    pollfd ready{descriptor.get(), POLLOUT, 0};
    const int count = ::poll(&ready, 1, static_cast<int>(look_interval.count()));
    if (count == 0 || (count < 0 && errno == EINTR)) {
      if (!may_go_on()) return false;
      continue;
    }
    const ssize_t written =
        ::write(descriptor.get(), text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
    if (written < 0 && (errno == EINTR || errno == EAGAIN)) {
      if (!may_go_on()) return false;
      continue;
    }
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
    ended_within_line = !text.empty();
  }
  return true;
}

bool LineWriter::Shared::write_now(std::string_view text) {
  if (ended_within_line && !write_whole("\n")) return false;
  return write_whole(text);
}

void LineWriter::Shared::run() {
  std::unique_lock lock(mutex);
  for (;;) {
    changed.wait(lock, [this] { return is_over || !waiting.empty(); });
    if (waiting.empty() || (is_over && steady_clock::now() >= end)) break;
    const std::string line = std::move(waiting.front());
    waiting.pop_front();
    waiting_bytes -= line.size();
    const std::uint64_t lost = lost_since_last_line;
    lock.unlock();
    bool is_written = true;
    if (lost > 0)
      is_written =
          write_now(name + ": " + std::to_string(lost) +
                    " lines before this one were lost: they could not be written in time\n");
    const bool told = lost > 0 && is_written;
    is_written = is_written && write_now(line);
    lock.lock();
    if (told) lost_since_last_line -= lost;
    if (!is_written) lose();
  }
  has_ended = true;
  changed.notify_all();
}

LineWriter::LineWriter(int descriptor, std::string name, std::size_t max_waiting_bytes)
    : shared_(std::make_shared<Shared>()) {
  shared_->descriptor.reset(::fcntl(descriptor, F_DUPFD_CLOEXEC, 3));
  if (!shared_->descriptor)
    throw std::system_error(errno, std::generic_category(), "duplicate a descriptor for the log");
  shared_->name = std::move(name);
  shared_->max_waiting_bytes = max_waiting_bytes;
  // Signals are for the main thread.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread([shared = shared_] { shared->run(); }).detach();
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

LineWriter::~LineWriter() {
  std::unique_lock lock(shared_->mutex);
  shared_->is_over = true;
  shared_->end = steady_clock::now() + time_to_end;
  shared_->changed.notify_all();
  shared_->changed.wait_for(lock, time_to_end + time_to_give_up,
                            [this] { return shared_->has_ended; });
}

void LineWriter::write(std::string line) {
  const std::lock_guard lock(shared_->mutex);
  shared_->waiting_bytes += line.size();
  shared_->waiting.push_back(std::move(line));
  while (shared_->waiting_bytes > shared_->max_waiting_bytes) {
    shared_->waiting_bytes -= shared_->waiting.front().size();
    shared_->waiting.pop_front();
    shared_->lose();
  }
  shared_->changed.notify_all();
}

std::uint64_t LineWriter::dropped() const { return shared_->dropped; }

}  // namespace imgdedup::posix
