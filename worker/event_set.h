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

  /// Sets the alarm to `when`, which may be past; or off.
  void set_alarm(std::optional<Clock::time_point> when);

  /// The tags whose descriptors are ready now; at most 64, the others next time. Does not wait.
  [[nodiscard]] std::vector<std::uint64_t> ready() const;

 private:
  posix::UniqueDescriptor set_;
  posix::UniqueDescriptor timer_;
};

}  // namespace imgdedup::worker
