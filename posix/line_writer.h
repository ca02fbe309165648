// SPDX-License-Identifier: Apache-2.0
// Lines to a descriptor that may not take them, without ever waiting for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace imgdedup::posix {

/// Writes lines on a thread of its own, so that a pipe that nobody reads, a full disk or a journal
/// that hangs holds up nobody. What cannot be written soon enough waits, the oldest of it makes
/// room for the newest; each line that is lost is counted, and the next one that gets through is
/// preceded by a line that says how many were.
class LineWriter {
 public:
  /// descriptor: duplicated. name: begins the line about lost ones. max_waiting_bytes: of all lines
  /// that wait. Throws std::system_error.
  LineWriter(int descriptor, std::string name, std::size_t max_waiting_bytes);
  /// Gives what waits a second to be written.
  ~LineWriter();
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  /// `line` ends in a newline. Does not block on the descriptor. Any thread.
  void write(std::string line);
  /// Lines that will never be read. Any thread.
  [[nodiscard]] std::uint64_t dropped() const;

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace imgdedup::posix
