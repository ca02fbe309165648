// SPDX-License-Identifier: Apache-2.0
// How many lines a log may get in a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace imgdedup::daemon {

/// Lets `most_lines` through in each `interval`, and counts the rest. Not thread-safe.
class LogLimit {
 public:
  using Time = std::chrono::system_clock::time_point;

  LogLimit(std::uint64_t most_lines, std::chrono::seconds interval)
      : most_lines_(most_lines), interval_(interval) {}

  /// How many lines were left out before this one, which may be written; empty: it may not.
  std::optional<std::uint64_t> admit(Time now);

 private:
  std::uint64_t most_lines_;
  std::chrono::seconds interval_;
  Time begin_{};
  std::uint64_t lines_ = 0;
  std::uint64_t left_out_ = 0;
};

}  // namespace imgdedup::daemon
