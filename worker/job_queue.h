// SPDX-License-Identifier: Apache-2.0
// Jobs that wait for a worker, and what is remembered of a failed try.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "posix/unique_descriptor.h"
#include "worker/aside_line.h"
#include "worker/job.h"
#include "worker/worker_pool.h"

namespace imgdedup::worker {

/// How a worker failed at a job.
struct Failure {
  matching::RefusalReason reason = matching::RefusalReason::crashed;
  std::string what;        ///< "was killed by signal 11 (SIGSEGV)"; "the worker" goes before it
  std::string last_words;  ///< of its standard error; may be empty
};

/// The answer to a job that failed twice: the reason of the second failure, both in the message.
matching::Refusal refusal_after(const Failure& first, const Failure& second);

/// A job that has no answer yet, with all that a further try needs.
struct PendingJob {
  Job job;
  std::vector<posix::UniqueDescriptor> files;
  WorkerPool::Callback callback;
  JobTurn turn;
  std::optional<Failure> first_failure;
  unsigned memory_needs = 0;                 ///< how often a worker said that it takes more memory
  std::chrono::milliseconds worker_time{0};  ///< that its tries have taken
  bool is_dropped = false;                   ///< nobody wants the answer

  [[nodiscard]] bool is_aside() const { return turn.priority == JobPriority::aside; }
};

/// Lines of second tries, of jobs that said that they take much memory, of urgent jobs, ordinary
/// jobs, and jobs that stand aside. Of the first two nothing but the next is looked at, so that it
/// is not overtaken for ever.
class JobQueue {
 public:
  using Entry = std::unique_ptr<PendingJob>;

  /// A new job, behind its like.
  void push(Entry job);
  /// A job that was sent and has to be sent again: before its like.
  void push_back_again(Entry job);

  /// The next first try that does not stand aside, urgent before ordinary; null if there is none.
  Entry take_first_try();
  /// The next second try, of whatever priority; null if there is none.
  Entry take_second_try();
  /// The next first try of a job that takes much memory; null if there is none.
  Entry take_heavy();
  /// What the next second try, and the next heavy job, may take; nothing if there is none.
  [[nodiscard]] std::optional<std::uint64_t> second_try_bytes() const;
  [[nodiscard]] std::optional<std::uint64_t> heavy_bytes() const;
  /// The next first try that stands aside; null if there is none.
  Entry take_aside() { return aside_.take(); }

  /// See AsideLine::charge.
  void charge(std::uint64_t asker, std::chrono::milliseconds time) { aside_.charge(asker, time); }
  /// Forgets the jobs of this errand.
  void drop(std::uint64_t errand);

  /// Without heavy ones.
  [[nodiscard]] std::size_t first_tries() const { return urgent_.size() + ordinary_.size(); }
  [[nodiscard]] std::size_t heavy() const { return heavy_.size(); }
  [[nodiscard]] std::size_t second_tries() const { return second_tries_.size(); }
  /// Of the second tries and the heavy jobs, those that stand aside.
  [[nodiscard]] std::size_t further_tries_aside() const;
  [[nodiscard]] std::size_t first_tries_aside() const { return aside_.size(); }
  [[nodiscard]] std::size_t size() const {
    return first_tries() + heavy() + second_tries() + first_tries_aside();
  }

 private:
  [[nodiscard]] bool goes_to_aside_line(const PendingJob& job) const {
    return job.is_aside() && !job.first_failure && job.memory_needs == 0;
  }
  std::deque<Entry>& line_of(const PendingJob& job);

  std::deque<Entry> second_tries_;
  std::deque<Entry> heavy_;
  std::deque<Entry> urgent_;
  std::deque<Entry> ordinary_;
  AsideLine aside_;
};

}  // namespace imgdedup::worker
