// SPDX-License-Identifier: Apache-2.0
// How much one page of a listing may cost, and how large its JSON may be.
#pragma once

#include <cstddef>

#include "protocol/json.h"

namespace imgdedup::daemon {

/// Rows of the catalog that one page looks at, whether it shows them or not: those that its filters
/// leave out take time as well, and everybody else waits meanwhile.
inline constexpr std::size_t most_rows_looked_at = 5'000;
/// However long the names of files are, a page lies well below what may wait for a client
/// (event::LineServerLimits::output_bytes).
inline constexpr std::size_t most_page_bytes = std::size_t{1} << 20;

/// What is left of most_page_bytes.
class PageRoom {
 public:
  /// Whether this item still goes on the page; counted if so. The first always does.
  [[nodiscard]] bool takes(const protocol::Json& item) {
    const std::size_t bytes = protocol::most_line_bytes(item);
    if (bytes_ > 0 && bytes_ + bytes > most_page_bytes) return false;
    bytes_ += bytes;
    return true;
  }
  /// Counts what goes on the page in any case.
  void count(const protocol::Json& item) { bytes_ += protocol::most_line_bytes(item); }
  [[nodiscard]] bool is_full() const { return bytes_ >= most_page_bytes; }

 private:
  std::size_t bytes_ = 0;
};

}  // namespace imgdedup::daemon
