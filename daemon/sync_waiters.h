// SPDX-License-Identifier: Apache-2.0
// Those who asked to be told when all that lay in the folders has its decision.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>

#include "daemon/event/timer.h"
#include "daemon/reconciler.h"
#include "daemon/roots.h"

namespace imgdedup::daemon {

/// A sync is a complete comparison that begins after the call, then the decisions on every file
/// that waited when it ended, then what these decisions ask for: moves, lines in the log. Loop
/// thread only.
class SyncWaiters {
 public:
  struct Progress {
    std::uint64_t pending = 0;
    std::uint64_t total = 0;
  };
  struct Waiter {
    std::function<void(const Progress&)> on_progress;
    /// files: that had waited.
    std::function<void(std::uint64_t files)> on_done;
    /// If set: the service is paused and files wait, so nobody knows for how long. It is removed.
    std::function<void(std::uint64_t files)> on_held = {};
  };
  using WaiterId = std::uint64_t;

  /// is_quiet: whether no move is to come and the duplicates log lacks nothing. is_held: whether
  /// the service is paused.
  SyncWaiters(event::Loop& loop, Reconciler& reconciler, store::Catalog& catalog,
              const Roots& roots, std::function<bool()> is_quiet, std::function<bool()> is_held);

  WaiterId add(Waiter waiter);
  void remove(WaiterId id);
  /// A file that waited at `from_sequence` waits at `to_sequence` now, behind all others. Those who
  /// wait for it wait for it there.
  void follow(std::int64_t from_sequence, std::int64_t to_sequence);
  /// Something may have ended: a judgement, a move.
  void wake();

 private:
  struct State {
    WaiterId id = 0;
    Waiter waiter;
    std::optional<std::int64_t> up_to_sequence;  ///< set when its pass has ended
    std::uint64_t total = 0;
  };
  void pass_ended(WaiterId id);
  void check();
  [[nodiscard]] bool any_pending_up_to(std::int64_t sequence);

  event::Loop& loop_;
  Reconciler& reconciler_;
  store::Catalog& catalog_;
  const Roots& roots_;
  std::function<bool()> is_quiet_;
  std::function<bool()> is_held_;
  event::Timer check_timer_;
  std::list<State> waiters_;
  WaiterId last_id_ = 0;
  bool is_woken_ = false;
  std::chrono::steady_clock::time_point next_progress_;
};

}  // namespace imgdedup::daemon
