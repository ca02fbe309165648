// SPDX-License-Identifier: Apache-2.0
// Runs an event loop until something has come true, or a deadline has passed.
#pragma once

#include <chrono>
#include <functional>

#include "daemon/event/loop.h"
#include "daemon/event/timer.h"

namespace imgdedup::testing {

/// Whether `condition` came true within `limit`. It is looked at every few milliseconds, on the
/// loop.
inline bool run_until(event::Loop& loop, const std::function<bool()>& condition,
                      std::chrono::milliseconds limit = std::chrono::seconds(20)) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  bool is_true = condition();
  if (is_true) return true;
  event::Timer poll(loop, [&] {
    is_true = condition();
    if (is_true || std::chrono::steady_clock::now() >= deadline) loop.stop();
  });
  poll.start_repeating(std::chrono::milliseconds(2));
  loop.run();
  return is_true;
}

/// Runs the loop for a while, to see that something does not happen.
inline void run_for(event::Loop& loop, std::chrono::milliseconds time) {
  run_until(
      loop, [] { return false; }, time);
}

}  // namespace imgdedup::testing
