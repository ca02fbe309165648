// SPDX-License-Identifier: Apache-2.0
// How far a command has come, on standard error where that is a terminal.
#include "batch/progress.h"

#include <unistd.h>

#include <cstdio>
#include <utility>

namespace imgdedup::batch {

Progress::Progress(std::string what, std::size_t total)
    : what_(std::move(what)), total_(total), on_terminal_(::isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() { wipe(); }

void Progress::step() {
  ++done_;
  if (!on_terminal_) return;
  const auto now = std::chrono::steady_clock::now();
  if (now < next_) return;
  next_ = now + std::chrono::milliseconds(100);
  std::fprintf(stderr, "\r%s %zu of %zu", what_.c_str(), done_, total_);
  std::fflush(stderr);
  shown_ = true;
}

void Progress::wipe() {
  if (!shown_) return;
  std::fputs("\r\x1b[K", stderr);
  std::fflush(stderr);
  shown_ = false;
}

}  // namespace imgdedup::batch
