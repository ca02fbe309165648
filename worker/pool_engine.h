// SPDX-License-Identifier: Apache-2.0
// What WorkerPool does: which job goes to which worker, and what follows from what a worker does.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "worker/event_set.h"
#include "worker/job_codec.h"
#include "worker/job_queue.h"
#include "worker/memory_budget.h"
#include "worker/start_backoff.h"
#include "worker/worker_pool.h"
#include "worker/worker_state.h"

namespace imgdedup::worker {

/// The contract is WorkerPool's. How it is kept:
/// - A worker has up to two jobs, so that it never waits for us; only the first can be to blame.
///   The second is taken back and run elsewhere when the first takes long.
/// - A second try goes only to a worker that had no job yet, and alone.
/// - A job that stands aside goes to an idle worker, or behind another when it is its turn; nothing
///   is sent behind it.
/// - A worker that ends before its hello blames no job but delays the next start.
/// - A job begins as a light one. One that says that it takes more waits until there is room for it
///   beside the others; light ones go on meanwhile as far as they leave that room, and idle workers
///   end where they are in its way.
class PoolEngine {
 public:
  explicit PoolEngine(WorkerPoolSettings settings);
  ~PoolEngine();
  PoolEngine(const PoolEngine&) = delete;
  PoolEngine& operator=(const PoolEngine&) = delete;

  void submit(JobQueue::Entry job);
  void drop(std::uint64_t errand);
  [[nodiscard]] std::chrono::milliseconds time_of_answered_job() const { return answered_time_; }
  [[nodiscard]] int event_descriptor() const { return events_.descriptor(); }
  void process_events();

  [[nodiscard]] WorkerPoolCounts counts() const;
  [[nodiscard]] const std::string& last_error() const { return backoff_.error(); }
  [[nodiscard]] const std::optional<SandboxLayers>& sandbox_layers() const { return layers_; }
  [[nodiscard]] const WorkerPoolSettings& settings() const { return settings_; }

 private:
  using Clock = std::chrono::steady_clock;
  using Workers = std::map<std::uint64_t, WorkerState>;

  // What workers do. Each may remove the worker.
  void on_event(std::uint64_t tag);
  void on_process_end(WorkerState& worker, const ProcessEnd& end);
  void on_deadline(WorkerState& worker);
  /// Takes all messages; false when the worker is no longer there.
  bool receive_all(WorkerState& worker);
  bool on_message(WorkerState& worker, MessageBytes message);
  bool on_answer(WorkerState& worker, Answer answer);
  bool on_memory_need(WorkerState& worker, std::uint64_t bytes);
  /// What is wrong with it; if nothing is, the sandbox that it tells of is kept.
  std::optional<std::string> take_hello(MessageBytes message);

  // What becomes of them.
  void start_worker();
  void on_start_failure(WorkerState& worker, const std::string& what);
  /// Kills the worker, blames its first job, queues its others again.
  void fail(WorkerState& worker, Failure failure);
  void retire(WorkerState& worker);
  void queue_sent_again(WorkerState& worker);
  void blame(JobQueue::Entry job, Failure failure);
  /// The worker's first job has had it until now.
  void charge_front(const WorkerState& worker);

  // Which job goes where.
  void assign_jobs();
  void start_needed_workers();
  void send_next_job(WorkerState& worker);
  JobQueue::Entry take_job_for(const WorkerState& worker);
  [[nodiscard]] bool may_have_second_job(const WorkerState& worker) const;
  [[nodiscard]] std::size_t starting_workers() const;
  /// How many more jobs may stand aside on workers at the same time.
  [[nodiscard]] std::size_t free_places_aside() const;
  [[nodiscard]] bool may_send_aside_to_idle() const;
  [[nodiscard]] bool may_send_aside_as_second() const;
  [[nodiscard]] std::size_t sendable_jobs() const;
  WorkerState* idle_used_worker();

  // What there is memory for. `processes`: workers that there are then, leaving ones included.
  [[nodiscard]] std::size_t processes() const { return workers_.size() + leaving_.size(); }
  [[nodiscard]] bool has_room(std::size_t processes, std::uint64_t job_bytes) const;
  [[nodiscard]] bool may_send_light(std::size_t processes) const;
  [[nodiscard]] bool has_job_for_new_worker() const;
  void end_idle_workers_in_the_way();

  void call_back();
  void reap_leaving();
  [[nodiscard]] std::optional<Clock::time_point> next_alarm() const;
  void set_alarm();

  const WorkerPoolSettings settings_;
  const std::optional<MemoryBudget> budget_;
  EventSet events_;
  Clock::time_point now_;
  JobQueue queue_;
  Workers workers_;
  std::list<LeavingWorker> leaving_;
  std::deque<std::pair<JobQueue::Entry, Answer>> finished_;
  AsideTurn aside_turn_;
  std::chrono::milliseconds answered_time_{0};
  StartBackoff backoff_;
  std::optional<Clock::time_point> send_again_at_;
  std::optional<Clock::time_point> alarm_;
  std::optional<SandboxLayers> layers_;
  std::uint64_t last_job_id_ = 0;
  std::uint64_t last_tag_ = 0;
  std::uint64_t finished_jobs_ = 0;
  std::uint64_t replaced_workers_ = 0;
};

}  // namespace imgdedup::worker
