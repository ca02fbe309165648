// SPDX-License-Identifier: Apache-2.0
// Lets another thread cause a callback on the loop.
#pragma once

#include <functional>

namespace imgdedup::event {

class Loop;

/// Calls back on the loop thread after send(); several sends may become one call. Made and
/// destroyed on the loop thread; send() on any thread, as long as the object lives.
class Wakeup {
 public:
  /// Throws std::system_error.
  Wakeup(Loop& loop, std::function<void()> callback);
  ~Wakeup();
  Wakeup(const Wakeup&) = delete;
  Wakeup& operator=(const Wakeup&) = delete;

  void send() noexcept;

 private:
  struct State;
  State* state_;  // freed when libuv has closed the handle, which is after this object has gone
};

}  // namespace imgdedup::event
