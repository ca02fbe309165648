// SPDX-License-Identifier: Apache-2.0
// Messages with descriptors over a SOCK_SEQPACKET pair. Knows nothing of what they say.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "posix/unique_descriptor.h"

namespace imgdedup::worker {

enum class Waiting : std::uint8_t { block, do_not_block };

enum class SendStatus : std::uint8_t {
  sent,
  would_block,  ///< no room now; nothing was sent
  closed,       ///< the other side is gone
};

/// Sends one message, with copies of `descriptors` (at most max_descriptors). The caller keeps its
/// own. Throws std::system_error for failures that are no outcome (EBADF, ENOMEM ...).
SendStatus send_message(int channel, std::span<const std::uint8_t> bytes,
                        std::span<const int> descriptors, Waiting waiting);

enum class ReceiveStatus : std::uint8_t {
  message,
  nothing,    ///< none waits
  closed,     ///< the other side is gone, or sent an empty message
  malformed,  ///< too long, or with more descriptors than allowed; dropped, its descriptors closed
};

struct Received {
  ReceiveStatus status = ReceiveStatus::nothing;
  std::vector<std::uint8_t> bytes;
  std::vector<posix::UniqueDescriptor> descriptors;  ///< close-on-exec
};

inline constexpr std::size_t max_descriptors = 2;

/// Takes one message. descriptor_limit: 0..max_descriptors; more than that make it malformed.
/// Throws std::system_error for failures that are no outcome.
Received receive_message(int channel, std::size_t descriptor_limit, Waiting waiting);

}  // namespace imgdedup::worker
