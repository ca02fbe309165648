// SPDX-License-Identifier: Apache-2.0
// How far a command has come, on standard error where that is a terminal.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace imgdedup::batch {

/// One line that is rewritten at most ten times a second and wiped at the end.
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
  std::string what_;
  std::size_t total_;
  std::size_t done_ = 0;
  bool shown_ = false;
  const bool on_terminal_;
  std::chrono::steady_clock::time_point next_{};
};

}  // namespace imgdedup::batch
