// SPDX-License-Identifier: Apache-2.0
// The asking side: a few worker processes, their deadlines, and the jobs that wait for them.
#include "worker/worker_pool.h"

#include <cassert>
#include <utility>

#include "worker/job_codec.h"
#include "worker/pool_engine.h"

namespace imgdedup::worker {

class WorkerPool::Implementation : public PoolEngine {
 public:
  using PoolEngine::PoolEngine;
};

WorkerPool::WorkerPool(WorkerPoolSettings settings)
    : implementation_(std::make_unique<Implementation>(std::move(settings))) {}

WorkerPool::~WorkerPool() = default;

void WorkerPool::submit(Job job, std::vector<posix::UniqueDescriptor> files, Callback callback,
                        JobTurn turn) {
  assert(files.size() == descriptor_count_of(job.kind));
  assert(!job.measures.embedding || implementation_->settings().embedding);
  auto pending = std::make_unique<PendingJob>();
  pending->job = job;
  pending->files = std::move(files);
  pending->callback = std::move(callback);
  pending->turn = turn;
  implementation_->submit(std::move(pending));
}

void WorkerPool::drop(std::uint64_t errand) { implementation_->drop(errand); }
std::chrono::milliseconds WorkerPool::time_of_answered_job() const {
  return implementation_->time_of_answered_job();
}
int WorkerPool::event_descriptor() const { return implementation_->event_descriptor(); }
void WorkerPool::process_events() { implementation_->process_events(); }
WorkerPoolCounts WorkerPool::counts() const { return implementation_->counts(); }
std::string WorkerPool::last_error() const { return implementation_->last_error(); }
std::optional<SandboxLayers> WorkerPool::sandbox_layers() const {
  return implementation_->sandbox_layers();
}

std::size_t WorkerPool::free_slots() const {
  const auto counts = implementation_->counts();
  const std::size_t slots = 2 * std::size_t{implementation_->settings().worker_count};
  const std::size_t used = counts.waiting_jobs + counts.running_jobs - counts.aside_jobs;
  return used < slots ? slots - used : 0;
}

}  // namespace imgdedup::worker
