// SPDX-License-Identifier: Apache-2.0
// Jobs that stand aside for the others: which is next, and whether it is their turn.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>

namespace imgdedup::worker {

struct PendingJob;

/// A line for each who asks. Next is whoever had the least of the workers' time, after Goyal, Vin &
/// Cheng, "Start-time fair queueing", IEEE/ACM Transactions on Networking 5(5), 1997.
class AsideLine {
 public:
  using Entry = std::unique_ptr<PendingJob>;
  using Milliseconds = std::chrono::milliseconds;

  void push(Entry job);
  /// Before the others of the same asker.
  void push_front(Entry job);
  /// Null if there is none.
  Entry take();
  /// The asker's jobs had a worker for so long.
  void charge(std::uint64_t asker, Milliseconds time);
  /// Forgets the jobs of this errand.
  void drop(std::uint64_t errand);
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  struct Asker {
    std::deque<Entry> jobs;
    Milliseconds used{0};
  };
  Asker& asker_of(const PendingJob& job);

  std::map<std::uint64_t, Asker> askers_;
  Milliseconds used_by_last_{0};  ///< what the asker whose job was last taken had used
  std::size_t size_ = 0;
};

/// When it is the turn of jobs that stand aside: while others wait, after these have had a worker
/// for as long as the last job that stood aside.
class AsideTurn {
 public:
  using Clock = std::chrono::steady_clock;
  using Milliseconds = std::chrono::milliseconds;

  void aside_ran(Milliseconds time) { owed_ = time > owed_ ? time : owed_; }
  void others_ran(Milliseconds time, Clock::time_point now) {
    owed_ = owed_ > time ? owed_ - time : Milliseconds(0);
    others_ran_at_ = now;
  }
  [[nodiscard]] bool owes_nothing() const { return owed_.count() == 0; }
  /// When others that have nothing waiting no longer count as about to ask again: the next job of
  /// the same file follows the answer to the one before.
  [[nodiscard]] Clock::time_point others_are_quiet_at() const { return others_ran_at_ + pause; }

 private:
  static constexpr Milliseconds pause{50};
  Milliseconds owed_{0};
  Clock::time_point others_ran_at_;
};

}  // namespace imgdedup::worker
