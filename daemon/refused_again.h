// SPDX-License-Identifier: Apache-2.0
// Has files looked at again that were refused for a reason that may have gone.
#pragma once

#include <deque>
#include <functional>
#include <vector>

#include "daemon/event/loop.h"
#include "daemon/library.h"

namespace imgdedup::daemon {

/// Goes through the refused files a page at a time, so that a million of them do not hold up the
/// loop. Loop thread only.
class RefusedAgain {
 public:
  /// on_waiting: the catalog has new pending files, or the last page has been dealt with.
  RefusedAgain(event::Loop& loop, Library& library, std::function<void()> on_waiting)
      : loop_(loop), library_(library), on_waiting_(std::move(on_waiting)) {}

  /// Files refused for one of these reasons wait to be looked at again.
  void start(const std::vector<matching::RefusalReason>& reasons);
  [[nodiscard]] bool is_done() const { return reasons_.empty(); }

 private:
  void go_on();

  event::Loop& loop_;
  Library& library_;
  std::function<void()> on_waiting_;
  std::deque<matching::RefusalReason> reasons_;  ///< the first is at hand
  store::FileId after_ = 0;
};

}  // namespace imgdedup::daemon
