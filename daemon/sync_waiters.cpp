// SPDX-License-Identifier: Apache-2.0
// Those who asked to be told when all that lay in the folders has its decision.
#include "daemon/sync_waiters.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace imgdedup::daemon {
namespace {

constexpr std::chrono::milliseconds check_delay{10};
constexpr std::chrono::milliseconds progress_interval{200};
constexpr std::size_t page_size = 500;
// Counting a million that wait is done for at most so small a part of the time.
constexpr int rest_per_count = 50;

}  // namespace

SyncWaiters::SyncWaiters(event::Loop& loop, Reconciler& reconciler, store::Catalog& catalog,
                         const Roots& roots, std::function<bool()> is_quiet,
                         std::function<bool()> is_held)
    : loop_(loop),
      reconciler_(reconciler),
      catalog_(catalog),
      roots_(roots),
      is_quiet_(std::move(is_quiet)),
      is_held_(std::move(is_held)),
      check_timer_(loop_, [this] { check(); }) {}

SyncWaiters::WaiterId SyncWaiters::add(Waiter waiter) {
  const WaiterId id = ++last_id_;
  waiters_.push_back({id, std::move(waiter), std::nullopt, 0});
  reconciler_.start_pass([this, id] { pass_ended(id); });
  return id;
}

void SyncWaiters::remove(WaiterId id) {
  waiters_.remove_if([id](const State& state) { return state.id == id; });
}

void SyncWaiters::pass_ended(WaiterId id) {
  for (State& state : waiters_) {
    if (state.id != id) continue;
    state.up_to_sequence = catalog_.last_pending_sequence();
    state.total = catalog_.pending_up_to(*state.up_to_sequence);
  }
  wake();
}

void SyncWaiters::follow(std::int64_t from_sequence, std::int64_t to_sequence) {
  for (State& state : waiters_)
    if (state.up_to_sequence && from_sequence <= *state.up_to_sequence)
      state.up_to_sequence = to_sequence;
}

void SyncWaiters::wake() {
  if (waiters_.empty() || std::exchange(is_woken_, true)) return;
  check_timer_.start(check_delay);
}

// What waits below a root that is away cannot be decided now, and nobody waits for it.
bool SyncWaiters::any_pending_up_to(std::int64_t sequence) {
  std::int64_t after = store::before_all_pending;
  for (;;) {
    const auto page =
        catalog_.pending_files(after, after == store::before_all_pending ? 1 : page_size);
    for (const auto& pending : page) {
      if (pending.sequence > sequence) return false;
      if (roots_.is_online(pending.file.path)) return true;
    }
    if (page.empty()) return false;
    after = page.back().sequence;
  }
}

void SyncWaiters::check() {
  is_woken_ = false;
  const auto now = std::chrono::steady_clock::now();
  // Counting takes its time where many wait, so it is done for the eye only.
  const bool tells_progress = now >= next_progress_;
  bool any_waits = false;
  std::vector<std::pair<std::function<void(std::uint64_t)>, std::uint64_t>> done;
  for (auto state = waiters_.begin(); state != waiters_.end();) {
    if (!state->up_to_sequence) {
      ++state;
      continue;
    }
    if (!any_pending_up_to(*state->up_to_sequence) && is_quiet_()) {
      done.emplace_back(std::move(state->waiter.on_done), state->total);
      state = waiters_.erase(state);
      continue;
    }
    if (state->waiter.on_held && is_held_()) {
      done.emplace_back(std::move(state->waiter.on_held),
                        catalog_.pending_up_to(*state->up_to_sequence));
      state = waiters_.erase(state);
      continue;
    }
    any_waits = true;
    if (tells_progress) {
      const std::uint64_t pending = catalog_.pending_up_to(*state->up_to_sequence);
      state->total = std::max(state->total, pending);
      state->waiter.on_progress({pending, state->total});
    }
    ++state;
  }
  if (tells_progress) {
    const auto end = std::chrono::steady_clock::now();
    next_progress_ = end + std::max<std::chrono::steady_clock::duration>(
                               progress_interval, (end - now) * rest_per_count);
  }
  if (any_waits) check_timer_.start(progress_interval);
  for (const auto& [tell, files] : done) tell(files);
}

}  // namespace imgdedup::daemon
