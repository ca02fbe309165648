// SPDX-License-Identifier: Apache-2.0
// How far a command has come, on standard error where that is a terminal.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace imgdedup::batch {

/// "hashing [#####...............]  25%  250 of 1000, 125/s, 0:06 left", at most `columns` long:
/// the bar goes where there is no room for it, then the end of the line. total: at least 1.
std::string progress_line(std::string_view what, std::size_t done, std::size_t total,
                          std::chrono::duration<double> elapsed, std::size_t columns);

/// One line that is rewritten at most ten times a second and wiped at the end. Where standard error
/// is no terminal nothing is written.
class Progress {
 public:
  /// what: "measuring"; total: of its steps.
  Progress(std::string what, std::size_t total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void step();
  /// Takes the line away so that something else can be said; the next step writes it again.
  void wipe();

 private:
  using Clock = std::chrono::steady_clock;

  std::string what_;
  std::size_t total_;
  std::size_t done_ = 0;
  bool shown_ = false;
  const bool on_terminal_;
  const Clock::time_point start_ = Clock::now();
  Clock::time_point next_{};
};

}  // namespace imgdedup::batch
