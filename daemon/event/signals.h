// SPDX-License-Identifier: Apache-2.0
// Signals as callbacks on the loop.
#pragma once

#include <functional>
#include <initializer_list>

#include "daemon/event/poller.h"
#include "posix/unique_descriptor.h"

namespace imgdedup::event {

class Loop;

/// Has these signals wait for the SignalWatch that takes them, instead of doing what they do by
/// themselves. To be called before the first thread begins: those begun earlier would not wait.
void hold_signals(std::initializer_list<int> signal_numbers);

/// Calls back on the loop thread when the process gets the signal; several in a row may become one
/// call. Holds the signal, for this thread and those it begins, and goes on holding it when it has
/// gone: what comes then waits for the next watch. Loop thread only; may be destroyed by its own
/// callback.
class SignalWatch {
 public:
  /// Throws std::system_error for a signal that cannot be caught.
  SignalWatch(Loop& loop, int signal_number, std::function<void()> callback);

 private:
  [[nodiscard]] bool take_all() const;

  posix::UniqueDescriptor descriptor_;
  std::function<void()> callback_;
  DescriptorWatch watch_;  // goes before the descriptor
};

}  // namespace imgdedup::event
