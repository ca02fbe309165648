// SPDX-License-Identifier: Apache-2.0
// Waits on the loop for a descriptor to become ready.
#pragma once

#include <functional>

namespace imgdedup::event {

class Loop;

/// What to wait for, and what has come.
struct Readiness {
  bool readable = false;
  bool writable = false;
  bool priority = false;  ///< POLLPRI: /proc/self/mountinfo after a mount or umount
  bool failed = false;    ///< only in answers: POLLERR; the watch has stopped

  bool operator==(const Readiness&) const = default;
};

/// Calls back, level-triggered, while the descriptor is ready for what was asked. Any descriptor
/// that epoll takes: sockets, pipes, an epoll set, /proc/self/mountinfo; not regular files. It is
/// made non-blocking and stays the caller's, who closes it after this object or after stop(). One
/// watch per descriptor. Loop thread only; may be destroyed by its own callback.
class DescriptorWatch {
 public:
  /// Waits for nothing until wait_for(). Throws std::system_error when epoll refuses `descriptor`.
  DescriptorWatch(Loop& loop, int descriptor, std::function<void(Readiness)> callback);
  ~DescriptorWatch();
  DescriptorWatch(const DescriptorWatch&) = delete;
  DescriptorWatch& operator=(const DescriptorWatch&) = delete;

  /// From now on waits for exactly this; nothing asked for is the same as stop().
  void wait_for(Readiness wanted);
  void stop() noexcept;

 private:
  struct State;
  State* state_;  // freed when libuv has closed the handle, which is after this object has gone
};

}  // namespace imgdedup::event
