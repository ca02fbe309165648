// SPDX-License-Identifier: Apache-2.0
// Descriptors and one alarm behind a single descriptor that can be polled.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "posix/unique_descriptor.h"

namespace imgdedup::worker {

/// An epoll set with a timer in it. One thread only. Throws std::system_error when the kernel has
/// no room.
class EventSet {
 public:
  using Clock = std::chrono::steady_clock;

  EventSet();

  /// Readable when an added descriptor is, or when the alarm is due.
  [[nodiscard]] int descriptor() const { return set_.get(); }

  /// Reports `tag` (not 0) from now on while `descriptor` is readable or closed; until removed or
  /// closed.
  void add(int descriptor, std::uint64_t tag);
  void remove(int descriptor);

  /// Sets the alarm to `when`, which may be past; or off. Where one that was set before comes
  /// earlier, descriptor() may become readable then as well, once. Whoever is woken sets it anew.
  void set_alarm(std::optional<Clock::time_point> when);

  /// The tags whose descriptors are ready now; at most 64, the others next time. Does not wait.
  [[nodiscard]] std::vector<std::uint64_t> ready() const;

 private:
  void set_due(bool due);
  void set_timer(std::optional<Clock::time_point> when);

  posix::UniqueDescriptor set_;
  // To set a timer costs several times what all else about a job does, so one that is due is told
  // by a counter, and one that comes too early is left as it is.
  posix::UniqueDescriptor timer_;
  posix::UniqueDescriptor due_;
  std::optional<Clock::time_point> timer_set_to_;
  bool is_due_ = false;
};

}  // namespace imgdedup::worker
