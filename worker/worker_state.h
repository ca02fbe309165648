// SPDX-License-Identifier: Apache-2.0
// A worker process with what the pool has asked of it.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <utility>

#include "worker/job_queue.h"
#include "worker/worker_process.h"

namespace imgdedup::worker {

/// A job that was sent. `pending` is null when it was taken back to be run elsewhere: its answer is
/// still due here, and dropped.
struct SentJob {
  Job job;
  std::unique_ptr<PendingJob> pending;
};

/// Starting until it said hello, then ready, at last ending.
struct WorkerState {
  using Clock = std::chrono::steady_clock;
  enum class Phase : std::uint8_t {
    starting,
    ready,
    ending,  ///< its channel has closed; how it ended will be known in a moment
  };

  WorkerState(std::uint64_t worker_tag, WorkerProcess worker_process, Clock::time_point now)
      : tag(worker_tag), process(std::move(worker_process)), phase_began(now), front_since(now) {}

  std::uint64_t tag;
  WorkerProcess process;
  Phase phase = Phase::starting;
  Clock::time_point phase_began;
  /// In the order of sending; the worker is at the first.
  std::deque<SentJob> sent;
  /// When the first of `sent` became the first; when there is none, when the last was answered.
  Clock::time_point front_since;
  unsigned jobs_sent = 0;
  /// Runs a second try, or a job that takes much memory: nothing else may be sent meanwhile.
  bool is_alone_with_job = false;

  /// What its jobs may take: it is at one of them.
  [[nodiscard]] std::uint64_t job_bytes() const {
    std::uint64_t bytes = 0;
    for (const SentJob& job : sent) bytes = std::max(bytes, job.job.memory_bytes);
    return bytes;
  }
};

/// A worker that was killed or told to end, and has not ended yet.
struct LeavingWorker {
  WorkerProcess process;
  WorkerState::Clock::time_point kill_at;
  std::uint64_t job_bytes = 0;  ///< what it may still hold
};

}  // namespace imgdedup::worker
