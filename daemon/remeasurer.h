// SPDX-License-Identifier: Apache-2.0
// Has contents measured again that were measured by other rules, in the background.
#pragma once

#include <cstdint>
#include <functional>
#include <unordered_set>

#include "daemon/event/timer.h"
#include "daemon/library.h"
#include "daemon/roots.h"
#include "matching/measurement.h"

namespace imgdedup::daemon {

/// Files whose content was measured by another version, or without what is wanted now, wait as if
/// they had just arrived: a few hundred at a time, behind what arrived before, so that the others
/// stay in the indexes and new files need not wait for all of them. Decisions on them stand; what
/// is not done when the service ends is found again at its next start. Loop thread only.
class Remeasurer {
 public:
  /// on_waiting: there are new pending files.
  Remeasurer(event::Loop& loop, Library& library, const Roots& roots,
             std::function<void()> on_waiting);

  /// Looks for such contents from the first on: at start, and when a root came back.
  void start(const matching::Measures& wanted);

  /// Contents that are still to be put to wait.
  [[nodiscard]] std::uint64_t left() const { return left_; }
  /// Whether all of them, but for those below roots that are away, have been measured.
  [[nodiscard]] bool is_done() const { return !is_looking_ && outstanding_.empty(); }

 private:
  void go_on();
  void forget_finished();
  void put_page_to_wait();

  Library& library_;
  const Roots& roots_;
  std::function<void()> on_waiting_;
  event::Timer timer_;
  matching::Measures wanted_;
  std::unordered_set<store::FileId> outstanding_;
  store::ContentId after_ = 0;
  std::uint64_t left_ = 0;
  bool is_looking_ = false;
};

}  // namespace imgdedup::daemon
