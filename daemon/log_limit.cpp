// SPDX-License-Identifier: Apache-2.0
// How many lines a log may get in a time.
#include "daemon/log_limit.h"

#include <utility>

namespace imgdedup::daemon {

std::optional<std::uint64_t> LogLimit::admit(Time now) {
  // A clock that was set back begins an interval as well.
  if (now - begin_ >= interval_ || now < begin_) {
    begin_ = now;
    lines_ = 0;
  }
  if (lines_ >= most_lines_) {
    ++left_out_;
    return std::nullopt;
  }
  ++lines_;
  return std::exchange(left_out_, 0);
}

}  // namespace imgdedup::daemon
