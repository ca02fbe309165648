// SPDX-License-Identifier: Apache-2.0
// The times and counts by which the pool goes that are no settings.
#pragma once

#include <chrono>
#include <string>

namespace imgdedup::worker {

/// Loading the decoders from a slow disk under load stays far below this.
inline constexpr std::chrono::milliseconds start_time{30'000};
/// From the closing of a channel, by either side, to the end of its process.
inline constexpr std::chrono::milliseconds end_time{1'000};
/// After which the job behind one that takes long is run elsewhere.
inline constexpr std::chrono::milliseconds patience_with_front{1'000};
/// When the kernel had no room for a message.
inline constexpr std::chrono::milliseconds send_again_time{20};
/// "60 s", "0.3 s".
inline std::string seconds_text(std::chrono::milliseconds time) {
  std::string text = std::to_string(time.count() / 1000);
  if (const auto tenths = time.count() % 1000 / 100; tenths != 0)
    text += "." + std::to_string(tenths);
  return text + " s";
}

}  // namespace imgdedup::worker
