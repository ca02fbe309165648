// SPDX-License-Identifier: Apache-2.0
// Signals as callbacks on the loop.
#pragma once

#include <functional>

namespace imgdedup::event {

class Loop;

/// Calls back on the loop thread when the process gets the signal, from construction to
/// destruction; several in a row may become one call. Loop thread only; may be destroyed by its
/// own callback.
class SignalWatch {
 public:
  /// Throws std::system_error for a signal that cannot be caught.
  SignalWatch(Loop& loop, int signal_number, std::function<void()> callback);
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

 private:
  struct State;
  State* state_;  // freed when libuv has closed the handle, which is after this object has gone
};

}  // namespace imgdedup::event
