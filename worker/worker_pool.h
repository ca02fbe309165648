// SPDX-License-Identifier: Apache-2.0
// The asking side: a few worker processes, their deadlines, and the jobs that wait for them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "posix/unique_descriptor.h"
#include "worker/embedding_model.h"
#include "worker/job.h"
#include "worker/sandbox_layers.h"

namespace imgdedup::worker {

enum class MemorySharing : std::uint8_t { shared, unbounded };

struct WorkerPoolSettings {
  std::string worker_path;                              ///< the imgdedup-worker program
  unsigned worker_count = 1;                            ///< processes, >= 1
  std::uint64_t memory_bytes = std::uint64_t{2} << 30;  ///< RLIMIT_AS of each
  /// shared: jobs wait for one another so that all together stay within MemoryBudget, and one that
  /// would not fit alone is refused (over_limit). unbounded: each takes what it takes.
  MemorySharing memory = MemorySharing::shared;
  std::chrono::milliseconds job_time{60'000};  ///< wall clock for one job
  /// An idle worker ends after this long; the next job starts one again. 0: never.
  std::chrono::milliseconds idle_time{60'000};
  /// No job's JobLimits::max_pixels is above this: OpenCV's own limit, a second net below ours.
  std::uint64_t max_pixels = 500'000'000;
  /// After so many jobs a worker is replaced by a fresh one: what leaks in a decoder does not add
  /// up.
  unsigned jobs_per_worker = 10'000;
  /// required: a worker that could not shut itself in completely is none.
  SandboxRule sandbox = SandboxRule::required;
  /// The network of every worker; needed by jobs that ask for an embedding.
  std::optional<EmbeddingModel> embedding = {};
};

enum class JobPriority : std::uint8_t {
  ordinary,
  urgent,  ///< before ordinary ones that have not been sent
  /// What may wait: while others wait, all jobs aside together have half of the workers' time at
  /// most, and where there are several workers one of them has no job aside.
  aside,
};

/// When a job is run.
struct JobTurn {
  JobTurn(JobPriority job_priority = JobPriority::ordinary)  // NOLINT(google-explicit-constructor)
      : priority(job_priority) {}
  /// asker: for whom it is done; jobs aside of different askers get the same time. errand: what
  /// drop() knows it by; 0 is none.
  JobTurn(JobPriority job_priority, std::uint64_t job_asker, std::uint64_t job_errand)
      : priority(job_priority), asker(job_asker), errand(job_errand) {}

  JobPriority priority;
  std::uint64_t asker = 0;
  std::uint64_t errand = 0;
};

struct WorkerPoolCounts {
  std::size_t running_workers = 0;  ///< those that are being started included
  std::size_t waiting_jobs = 0;     ///< submitted, not yet sent
  std::size_t running_jobs = 0;     ///< sent, not yet answered
  std::size_t aside_jobs = 0;       ///< of the waiting and the running ones
  std::uint64_t finished_jobs = 0;
  std::uint64_t replaced_workers = 0;  ///< crashed, hung or answered nonsense
};

/// Runs jobs in worker processes, started when first needed. A worker that crashes, exceeds its
/// deadline or answers nonsense is killed and replaced and its job is tried once more in a fresh
/// worker, alone; failing again, the job is answered with a Refusal (crashed, timed_out,
/// out_of_memory). Other jobs never wait for a bad one beyond the worker it occupies.
///
/// Has no thread: everything happens in process_events(). One thread only.
class WorkerPool {
 public:
  /// Called from process_events(), exactly once per job unless it is dropped or the pool is
  /// destroyed first. May submit further jobs, must not destroy the pool. What it throws leaves
  /// process_events(); the pool stays as good as before.
  using Callback = std::function<void(Answer)>;

  /// Throws std::system_error when descriptors run out. Starts no process yet. The workers end with
  /// the thread that runs process_events().
  explicit WorkerPool(WorkerPoolSettings settings);
  /// Kills the workers; unanswered callbacks are dropped.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// Queues a job; `job.id` is set by the pool. The pool owns the descriptors (one, or two for
  /// compare) and keeps them until the answer, for a second try.
  void submit(Job job, std::vector<posix::UniqueDescriptor> files, Callback callback,
              JobTurn turn = {});

  /// Nobody wants the answers to the jobs of this errand any more: those that were not sent are
  /// forgotten, those that run are not tried again, and no callback is called. Not from a callback.
  void drop(std::uint64_t errand);

  /// A descriptor that polls readable whenever process_events() has something to do (an epoll set
  /// that holds the channels and a timer); for libuv's uv_poll or poll(2). Owned by the pool.
  [[nodiscard]] int event_descriptor() const;

  /// Handles what has happened: sends, receives, enforces deadlines, calls back. Never blocks.
  void process_events();

  /// Jobs that the pool can take without keeping a worker idle: twice the workers, less those
  /// waiting and running that do not stand aside. Callers keep the rest of their work to
  /// themselves.
  [[nodiscard]] std::size_t free_slots() const;

  [[nodiscard]] WorkerPoolCounts counts() const;

  /// Inside a callback: for how long workers had the job that is answered, both tries together.
  [[nodiscard]] std::chrono::milliseconds time_of_answered_job() const;

  /// Why no worker can be started at present, naming the program; empty while they can. Jobs wait
  /// meanwhile: another start is tried after a second, then after two, four ... thirty.
  [[nodiscard]] std::string last_error() const;

  /// The layers that hold the worker that was started last; nothing before the first.
  [[nodiscard]] std::optional<SandboxLayers> sandbox_layers() const;

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace imgdedup::worker
