// SPDX-License-Identifier: Apache-2.0
// A timer on the loop.
#pragma once

#include <chrono>
#include <functional>

namespace imgdedup::event {

class Loop;

/// Calls back once after a delay, or again and again. Loop thread only; may be restarted, stopped
/// or destroyed by its own callback.
class Timer {
 public:
  Timer(Loop& loop, std::function<void()> callback);
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  /// Calls back once, `delay` (>= 0) from now, never before other callbacks had their turn;
  /// replaces what was started before.
  void start(std::chrono::milliseconds delay);
  /// Calls back every `interval` (> 0), first one interval from now; replaces what was started
  /// before. Turns that a busy loop missed are not made up for.
  void start_repeating(std::chrono::milliseconds interval);
  void stop() noexcept;
  /// Whether a call is to come.
  [[nodiscard]] bool active() const noexcept;

 private:
  struct State;
  State* state_;  // freed when libuv has closed the handle, which is after this object has gone
};

}  // namespace imgdedup::event
