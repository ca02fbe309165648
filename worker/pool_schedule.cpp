// SPDX-License-Identifier: Apache-2.0
// What WorkerPool does: which job goes to which worker, and when to look again.
#include <algorithm>
#include <array>
#include <system_error>

#include "worker/job_channel.h"
#include "worker/pool_engine.h"
#include "worker/pool_timing.h"

namespace imgdedup::worker {

void PoolEngine::assign_jobs() {
  if (send_again_at_ && now_ < *send_again_at_) return;
  send_again_at_.reset();
  const auto is_ready = [](const WorkerState& worker) {
    return worker.phase == WorkerState::Phase::ready;
  };
  for (auto next = workers_.begin(); next != workers_.end();) {
    WorkerState& worker = (next++)->second;
    if (!is_ready(worker) || !worker.sent.empty()) continue;
    if (worker.jobs_sent >= settings_.jobs_per_worker)
      retire(worker);
    else
      send_next_job(worker);
  }
  start_needed_workers();
  for (auto& [tag, worker] : workers_)
    if (is_ready(worker) && may_have_second_job(worker)) send_next_job(worker);
}

bool PoolEngine::may_have_second_job(const WorkerState& worker) const {
  if (worker.sent.size() != 1 || !worker.sent.front().pending || worker.has_second_try ||
      worker.jobs_sent >= settings_.jobs_per_worker ||
      now_ - worker.front_since >= patience_with_front)
    return false;
  // Workers that can be started or are starting come first.
  const bool all_started = workers_.size() >= settings_.worker_count || !backoff_.permits(now_);
  return all_started && queue_.first_tries() > starting_workers();
}

void PoolEngine::send_next_job(WorkerState& worker) {
  JobQueue::Entry pending;
  if (worker.jobs_sent == 0) pending = queue_.take_second_try();
  if (!pending) pending = queue_.take_first_try();
  if (!pending) return;

  std::array<int, max_descriptors> descriptors{};
  std::ranges::transform(pending->files, descriptors.begin(),
                         [](const posix::UniqueDescriptor& file) { return file.get(); });
  const auto status = [&] {
    try {
      return send_message(worker.process.channel(), encode_job(pending->job),
                          {descriptors.data(), pending->files.size()}, Waiting::do_not_block);
    } catch (const std::system_error&) {
      queue_.push_back_again(std::move(pending));
      send_again_at_ = now_ + send_again_time;
      throw;
    }
  }();
  if (status != SendStatus::sent) {
    queue_.push_back_again(std::move(pending));
    // If the worker is gone its channel tells so by itself.
    if (status == SendStatus::would_block) send_again_at_ = now_ + send_again_time;
    return;
  }
  if (worker.sent.empty()) worker.front_since = now_;
  worker.has_second_try = pending->first_failure.has_value();
  ++worker.jobs_sent;
  const Job job = pending->job;
  worker.sent.push_back({job, std::move(pending)});
}

std::size_t PoolEngine::starting_workers() const {
  return static_cast<std::size_t>(std::ranges::count_if(workers_, [](const auto& entry) {
    return entry.second.phase == WorkerState::Phase::starting;
  }));
}

WorkerState* PoolEngine::idle_used_worker() {
  for (auto& [tag, worker] : workers_)
    if (worker.phase == WorkerState::Phase::ready && worker.sent.empty() && worker.jobs_sent > 0)
      return &worker;
  return nullptr;
}

void PoolEngine::start_needed_workers() {
  std::size_t starting = starting_workers();
  while (starting < queue_.size() && backoff_.permits(now_)) {
    // Processes that cannot be killed must not pile up without end.
    if (workers_.size() + leaving_.size() >= 2 * std::size_t{settings_.worker_count} + 2) return;
    if (workers_.size() >= settings_.worker_count) {
      WorkerState* const used = starting < queue_.second_tries() ? idle_used_worker() : nullptr;
      if (!used) return;
      retire(*used);
    }
    start_worker();
    starting = starting_workers();
  }
}

void PoolEngine::start_worker() {
  try {
    WorkerProcessSettings process_settings{.path = settings_.worker_path,
                                           .memory_bytes = settings_.memory_bytes,
                                           .sandbox = settings_.sandbox,
                                           .max_pixels = settings_.max_pixels};
    if (settings_.embedding) {
      process_settings.model_descriptor = settings_.embedding->file->get();
      process_settings.embedding = settings_.embedding->parameters;
    }
    WorkerProcess process(process_settings);
    last_tag_ += 2;
    events_.add(process.channel(), last_tag_);
    events_.add(process.process_descriptor(), last_tag_ | 1);
    workers_.try_emplace(last_tag_, last_tag_, std::move(process), now_);
  } catch (const std::system_error& error) {
    backoff_.failed(now_, error.what());
  }
}

std::optional<PoolEngine::Clock::time_point> PoolEngine::next_alarm() const {
  if (!finished_.empty()) return now_;
  std::optional<Clock::time_point> alarm;
  const auto consider = [&alarm](Clock::time_point when) {
    if (!alarm || when < *alarm) alarm = when;
  };
  for (const auto& [tag, worker] : workers_) {
    switch (worker.phase) {
      case WorkerState::Phase::starting:
        consider(worker.phase_began + start_time);
        break;
      case WorkerState::Phase::ending:
        consider(worker.phase_began + end_time);
        break;
      case WorkerState::Phase::ready:
        if (!worker.sent.empty())
          consider(worker.front_since + settings_.job_time);
        else if (settings_.idle_time.count() > 0)
          consider(worker.front_since + settings_.idle_time);
        if (worker.sent.size() > 1 && worker.sent.back().pending)
          consider(worker.front_since + patience_with_front);
        break;
    }
  }
  for (const auto& leaving : leaving_)
    if (leaving.kill_at != Clock::time_point::max()) consider(leaving.kill_at);
  if (queue_.size() > 0 && !backoff_.permits(now_)) consider(backoff_.next_attempt());
  if (send_again_at_) consider(*send_again_at_);
  return alarm;
}

void PoolEngine::set_alarm() {
  alarm_ = next_alarm();
  events_.set_alarm(alarm_);
}

}  // namespace imgdedup::worker
