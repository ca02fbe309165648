// SPDX-License-Identifier: Apache-2.0
// What WorkerPool does: which job goes to which worker, and when to look again.
#include <algorithm>
#include <array>
#include <system_error>
#include <vector>

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
  end_idle_workers_in_the_way();
  start_needed_workers();
  for (auto& [tag, worker] : workers_)
    if (is_ready(worker) && may_have_second_job(worker)) send_next_job(worker);
}

bool PoolEngine::may_have_second_job(const WorkerState& worker) const {
  if (worker.sent.size() != 1 || !worker.sent.front().pending || worker.is_alone_with_job ||
      worker.sent.front().pending->is_aside() || queue_.heavy() > 0 ||
      worker.jobs_sent >= settings_.jobs_per_worker ||
      now_ - worker.front_since >= patience_with_front)
    return false;
  // Workers that can be started or are starting come first.
  const bool all_started = workers_.size() >= settings_.worker_count || !backoff_.permits(now_);
  const std::size_t starting = starting_workers();
  return all_started &&
         (queue_.first_tries() > starting || (starting == 0 && may_send_aside_as_second()));
}

std::size_t PoolEngine::free_places_aside() const {
  const std::size_t places = std::max(1U, settings_.worker_count - 1);
  std::size_t taken = queue_.further_tries_aside();
  for (const auto& [tag, worker] : workers_)
    taken += static_cast<std::size_t>(std::ranges::count_if(
        worker.sent, [](const SentJob& sent) { return sent.pending && sent.pending->is_aside(); }));
  return taken < places ? places - taken : 0;
}

bool PoolEngine::may_send_aside_as_second() const {
  return queue_.first_tries_aside() > 0 && aside_turn_.owes_nothing() && free_places_aside() > 0;
}

bool PoolEngine::may_send_aside_to_idle() const {
  return queue_.first_tries_aside() > 0 && free_places_aside() > 0 &&
         (aside_turn_.owes_nothing() ||
          (queue_.first_tries() == 0 && now_ >= aside_turn_.others_are_quiet_at()));
}

std::size_t PoolEngine::sendable_jobs() const {
  return queue_.second_tries() + queue_.heavy() + queue_.first_tries() +
         (may_send_aside_to_idle() ? std::min(queue_.first_tries_aside(), free_places_aside())
                                   : std::size_t{0});
}

void PoolEngine::send_next_job(WorkerState& worker) {
  JobQueue::Entry pending = take_job_for(worker);
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
  worker.is_alone_with_job = pending->first_failure.has_value() || pending->memory_needs > 0;
  ++worker.jobs_sent;
  const Job job = pending->job;
  worker.sent.push_back({job, std::move(pending)});
}

JobQueue::Entry PoolEngine::take_job_for(const WorkerState& worker) {
  // It runs one job at a time, so a second one takes nothing more.
  if (!worker.sent.empty()) {
    if (may_send_aside_as_second()) return queue_.take_aside();
    return queue_.take_first_try();
  }
  const auto second_try = queue_.second_try_bytes(), heavy = queue_.heavy_bytes();
  if (worker.jobs_sent == 0 && second_try && has_room(processes(), *second_try))
    return queue_.take_second_try();
  if (heavy && has_room(processes(), *heavy)) return queue_.take_heavy();
  if (!may_send_light(processes())) return nullptr;
  if (may_send_aside_to_idle()) return queue_.take_aside();
  return queue_.take_first_try();
}

bool PoolEngine::has_room(std::size_t processes, std::uint64_t job_bytes) const {
  if (!budget_) return true;
  std::uint64_t used = 0;
  for (const auto& [tag, worker] : workers_) used += worker.job_bytes();
  for (const LeavingWorker& leaving : leaving_) used += leaving.job_bytes;
  return budget_->has_room(processes, used, job_bytes);
}

bool PoolEngine::may_send_light(std::size_t processes) const {
  if (!budget_) return true;
  if (!has_room(processes, light_job_bytes)) return false;
  const auto awaited = std::max(queue_.second_try_bytes(), queue_.heavy_bytes());
  if (!awaited) return true;
  // Those that are heavy themselves will have ended when its turn comes.
  std::uint64_t light = 0;
  for (const auto& [tag, worker] : workers_)
    if (worker.job_bytes() <= light_job_bytes) light += worker.job_bytes();
  return budget_->has_room(processes, light + light_job_bytes, *awaited);
}

bool PoolEngine::has_job_for_new_worker() const {
  if (!budget_) return true;
  const std::size_t with_it = processes() + 1;
  const auto second_try = queue_.second_try_bytes(), heavy = queue_.heavy_bytes();
  if (second_try && has_room(with_it, *second_try)) return true;
  // One that waits for room, not for a job, does as well.
  for (const auto& [tag, worker] : workers_)
    if (worker.phase == WorkerState::Phase::ready && worker.sent.empty()) return false;
  if (heavy && has_room(with_it, *heavy)) return true;
  return (queue_.first_tries() > 0 || may_send_aside_to_idle()) && may_send_light(with_it);
}

void PoolEngine::end_idle_workers_in_the_way() {
  const auto second_try = queue_.second_try_bytes();
  const auto awaited = second_try ? second_try : queue_.heavy_bytes();
  if (!budget_ || !awaited) return;
  std::vector<WorkerState*> in_the_way;
  bool has_worker_for_it = false;
  for (auto& [tag, worker] : workers_) {
    if (worker.phase != WorkerState::Phase::ready || !worker.sent.empty()) continue;
    if (!has_worker_for_it && (!second_try || worker.jobs_sent == 0))
      has_worker_for_it = true;
    else
      in_the_way.push_back(&worker);
  }
  std::size_t wanted = processes() + (has_worker_for_it ? 0 : 1);
  // Where that would not do, others are at work, and will be idle later.
  if (!has_room(wanted - in_the_way.size(), *awaited)) return;
  for (WorkerState* worker : in_the_way) {
    if (has_room(wanted, *awaited)) return;
    retire(*worker);
    --wanted;
  }
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
  while (starting < sendable_jobs() && backoff_.permits(now_)) {
    // Processes that cannot be killed must not pile up without end.
    if (workers_.size() + leaving_.size() >= 2 * std::size_t{settings_.worker_count} + 2) return;
    if (workers_.size() >= settings_.worker_count) {
      WorkerState* const used = starting < queue_.second_tries() ? idle_used_worker() : nullptr;
      if (!used) return;
      retire(*used);
    }
    if (!has_job_for_new_worker()) return;
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
  if (queue_.first_tries_aside() > 0 && queue_.first_tries() == 0 &&
      aside_turn_.others_are_quiet_at() > now_)
    consider(aside_turn_.others_are_quiet_at());
  if (queue_.size() > 0 && !backoff_.permits(now_)) consider(backoff_.next_attempt());
  if (send_again_at_) consider(*send_again_at_);
  return alarm;
}

void PoolEngine::set_alarm() {
  alarm_ = next_alarm();
  events_.set_alarm(alarm_);
}

}  // namespace imgdedup::worker
