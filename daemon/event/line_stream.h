// SPDX-License-Identifier: Apache-2.0
// The bytes of one connection: cut into lines, and held back for a slow reader. For daemon/event/
// alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "posix/unique_descriptor.h"

namespace imgdedup::event {

struct ReceivedLine {
  std::string text;  ///< without its newline
  std::vector<posix::UniqueDescriptor> descriptors;
};

/// What a connection has sent, as lines with the descriptors that came with them.
class LineInput {
 public:
  enum class Outcome : std::uint8_t { received, nothing, ended, failed };

  /// Reads once from a non-blocking socket, at most 64 KiB and `most_descriptors` descriptors; the
  /// others are closed.
  Outcome receive(int socket, std::size_t most_descriptors);
  /// Takes what nobody will look at from a socket that is about to be closed. Else the kernel would
  /// close the descriptors in it as they are, and a socket may linger.
  static void discard(int socket);
  /// The next complete line.
  std::optional<ReceivedLine> next_line();
  [[nodiscard]] bool has_line() const noexcept { return line_end_ != std::string::npos; }
  /// Length of the next line, or of what there is of it.
  [[nodiscard]] std::size_t line_bytes() const noexcept;
  /// Received and not handed over.
  [[nodiscard]] std::size_t held_descriptors() const noexcept;

 private:
  struct Passed {
    std::uint64_t position;  ///< of a byte of the line they belong to, counted from the first byte
    std::vector<posix::UniqueDescriptor> descriptors;
  };

  void find_line_end(std::size_t from);

  std::string buffer_;
  std::size_t begin_ = 0;  // of the next line in buffer_
  std::size_t line_end_ = std::string::npos;
  std::uint64_t dropped_ = 0;  // bytes before buffer_[0]
  std::vector<Passed> passed_;
};

/// What is still to be sent to a connection.
class LineOutput {
 public:
  enum class Outcome : std::uint8_t { all_sent, some_held_back, failed };

  void append(std::string_view line);
  /// Sends what a non-blocking socket takes. `sent_any` tells whether that was anything.
  Outcome flush(int socket, bool& sent_any);
  [[nodiscard]] std::size_t bytes() const noexcept { return buffer_.size() - begin_; }

 private:
  std::string buffer_;
  std::size_t begin_ = 0;
};

}  // namespace imgdedup::event
