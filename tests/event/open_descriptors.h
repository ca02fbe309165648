// SPDX-License-Identifier: Apache-2.0
// How many descriptors this process has.
#pragma once

#include <cstddef>
#include <filesystem>
#include <iterator>

namespace imgdedup::event {

/// One more than there are, for the counting itself; the same each time.
inline std::size_t open_descriptors() {
  return static_cast<std::size_t>(std::distance(
      std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator()));
}

}  // namespace imgdedup::event
