// SPDX-License-Identifier: Apache-2.0
// When a worker may be started after one could not be.
#pragma once

#include <algorithm>
#include <chrono>
#include <string>

namespace imgdedup::worker {

/// Waits one second after the first failure, twice as long after each further one, at most thirty.
class StartBackoff {
 public:
  using Clock = std::chrono::steady_clock;

  void failed(Clock::time_point now, std::string error) {
    error_ = std::move(error);
    next_attempt_ = now + delay_;
    delay_ = std::min<Clock::duration>(2 * delay_, std::chrono::seconds(30));
  }
  void succeeded() { *this = StartBackoff(); }

  [[nodiscard]] bool permits(Clock::time_point now) const { return now >= next_attempt_; }
  [[nodiscard]] Clock::time_point next_attempt() const { return next_attempt_; }
  /// Why the last attempt failed; empty when it did not.
  [[nodiscard]] const std::string& error() const { return error_; }

 private:
  Clock::duration delay_ = std::chrono::seconds(1);
  Clock::time_point next_attempt_{};
  std::string error_;
};

}  // namespace imgdedup::worker
