// SPDX-License-Identifier: Apache-2.0
// How far a command has come, on standard error where that is a terminal.
#include "batch/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <utility>

namespace imgdedup::batch {
namespace {

constexpr std::size_t bar_columns = 20;

/// "0:06", "12:34", "1:02:03".
std::string clock_text(double seconds) {
  const auto whole = static_cast<std::uint64_t>(std::ceil(seconds));
  std::array<char, 32> text{};
  if (whole < 3600)
    std::snprintf(text.data(), text.size(), "%u:%02u", static_cast<unsigned>(whole / 60),
                  static_cast<unsigned>(whole % 60));
  else
    std::snprintf(text.data(), text.size(), "%llu:%02u:%02u",
                  static_cast<unsigned long long>(whole / 3600),
                  static_cast<unsigned>(whole / 60 % 60), static_cast<unsigned>(whole % 60));
  return text.data();
}

/// Whole numbers but for less than ten a second.
std::string rate_text(double rate) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), rate < 10 ? "%.1f/s" : "%.0f/s", rate);
  return text.data();
}

/// Columns of the terminal behind standard error; 80 where it does not say.
std::size_t terminal_columns() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

}  // namespace

std::string progress_line(std::string_view what, std::size_t done, std::size_t total,
                          std::chrono::duration<double> elapsed, std::size_t columns) {
  const double share = static_cast<double>(done) / static_cast<double>(total);
  std::string percent = std::to_string(static_cast<int>(share * 100)) + "%";
  percent.insert(0, 4 - std::min<std::size_t>(4, percent.size()), ' ');
  std::string text = percent + "  " + std::to_string(done) + " of " + std::to_string(total);
  const double rate = static_cast<double>(done) / elapsed.count();
  if (done > 0 && elapsed.count() > 0)
    text += ", " + rate_text(rate) + ", " + clock_text(static_cast<double>(total - done) / rate) +
            " left";
  const std::string start = std::string(what) + ' ';
  const auto filled = static_cast<std::size_t>(share * static_cast<double>(bar_columns));
  const std::string bar =
      '[' + std::string(filled, '#') + std::string(bar_columns - filled, '.') + "] ";
  const bool has_room = start.size() + bar.size() + text.size() <= columns;
  return (start + (has_room ? bar : std::string()) + text).substr(0, columns);
}

Progress::Progress(std::string what, std::size_t total)
    : what_(std::move(what)), total_(total), on_terminal_(::isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() { wipe(); }

void Progress::step() {
  ++done_;
  if (!on_terminal_) return;
  const auto now = Clock::now();
  if (now < next_) return;
  next_ = now + std::chrono::milliseconds(100);
  // A line as wide as the terminal would wrap and could not be taken back.
  const std::string line =
      progress_line(what_, done_, total_, now - start_, terminal_columns() - 1);
  std::fprintf(stderr, "\r%s\x1b[K", line.c_str());
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
