// SPDX-License-Identifier: Apache-2.0
// What WorkerPool does: what follows from what a worker does. Which job goes where:
// pool_schedule.cpp
#include "worker/pool_engine.h"

#include <algorithm>
#include <cassert>
#include <system_error>

#include "worker/job_channel.h"
#include "worker/pool_timing.h"

namespace imgdedup::worker {
namespace {

using matching::Refusal;
using matching::RefusalReason;

// A worker has two descriptors in the event set: its channel's tag is even, its process's odd.
std::uint64_t process_tag(std::uint64_t tag) { return tag | 1; }
std::uint64_t worker_tag(std::uint64_t tag) { return tag & ~std::uint64_t{1}; }

std::optional<MemoryBudget> budget_of(const WorkerPoolSettings& settings) {
  if (settings.memory == MemorySharing::unbounded) return std::nullopt;
  return MemoryBudget(settings.worker_count, settings.memory_bytes);
}

std::string mebibytes_text(std::uint64_t bytes) {
  constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;
  return std::to_string((bytes + mebibyte - 1) / mebibyte) + " MiB";
}

std::string with_last_words(std::string what, const WorkerProcess& process) {
  const std::string words = process.last_words();
  return words.empty() ? what : what + ": " + words;
}

}  // namespace

PoolEngine::PoolEngine(WorkerPoolSettings settings)
    : settings_(std::move(settings)), budget_(budget_of(settings_)), now_(Clock::now()) {
  assert(settings_.worker_count >= 1);
}

PoolEngine::~PoolEngine() {
  // All at once, before the members' destructors wait for each.
  for (auto& [tag, worker] : workers_) worker.process.kill();
  for (auto& leaving : leaving_) leaving.process.kill();
}

void PoolEngine::submit(JobQueue::Entry job) {
  job->job.id = ++last_job_id_;
  job->job.memory_bytes = budget_ ? light_job_bytes : any_memory;
  queue_.push(std::move(job));
  if (alarm_ && *alarm_ <= now_) return;
  alarm_ = now_;
  events_.set_alarm(alarm_);
}

void PoolEngine::drop(std::uint64_t errand) {
  if (errand == 0) return;
  queue_.drop(errand);
  const auto silence = [errand](PendingJob* job) {
    if (!job || job->turn.errand != errand) return;
    job->is_dropped = true;
    job->callback = nullptr;
  };
  for (auto& [tag, worker] : workers_)
    for (SentJob& sent : worker.sent) silence(sent.pending.get());
  for (auto& [job, answer] : finished_) silence(job.get());
}

void PoolEngine::process_events() {
  now_ = Clock::now();
  // Whatever is thrown on the way, the alarm brings us back to what is left.
  struct AlarmAtEnd {
    PoolEngine& engine;
    ~AlarmAtEnd() { engine.set_alarm(); }
  } alarm_at_end{*this};

  for (const std::uint64_t tag : events_.ready()) on_event(tag);
  for (auto next = workers_.begin(); next != workers_.end();) on_deadline((next++)->second);
  reap_leaving();
  assign_jobs();
  call_back();
  assign_jobs();
}

WorkerPoolCounts PoolEngine::counts() const {
  WorkerPoolCounts counts;
  counts.running_workers = workers_.size();
  counts.waiting_jobs = queue_.size();
  for (const auto& [tag, worker] : workers_)
    counts.running_jobs += static_cast<std::size_t>(std::ranges::count_if(
        worker.sent, [](const SentJob& sent) { return sent.pending != nullptr; }));
  counts.running_jobs += finished_.size();
  counts.aside_jobs = queue_.first_tries_aside() + queue_.further_tries_aside();
  for (const auto& [tag, worker] : workers_)
    counts.aside_jobs += static_cast<std::size_t>(std::ranges::count_if(
        worker.sent, [](const SentJob& sent) { return sent.pending && sent.pending->is_aside(); }));
  counts.aside_jobs += static_cast<std::size_t>(std::ranges::count_if(
      finished_, [](const auto& finished) { return finished.first->is_aside(); }));
  counts.finished_jobs = finished_jobs_;
  counts.replaced_workers = replaced_workers_;
  return counts;
}

void PoolEngine::on_event(std::uint64_t tag) {
  const auto found = workers_.find(worker_tag(tag));
  if (found == workers_.end()) return;
  WorkerState& worker = found->second;
  // Its end is asked for before its last messages are taken: all it ever said is there by then.
  const auto end = tag == process_tag(tag) ? worker.process.try_reap() : std::nullopt;
  if (receive_all(worker) && end) on_process_end(worker, *end);
}

bool PoolEngine::receive_all(WorkerState& worker) {
  while (worker.phase != WorkerState::Phase::ending) {
    const Received received = receive_message(worker.process.channel(), 0, Waiting::do_not_block);
    switch (received.status) {
      case ReceiveStatus::nothing:
        return true;
      case ReceiveStatus::closed:
        // How the process ended follows in a moment.
        events_.remove(worker.process.channel());
        if (worker.phase == WorkerState::Phase::starting) return true;
        worker.phase = WorkerState::Phase::ending;
        worker.phase_began = now_;
        return true;
      case ReceiveStatus::malformed:
        fail(worker, {RefusalReason::crashed, "answered nonsense: a malformed message", {}});
        return false;
      case ReceiveStatus::message:
        if (!on_message(worker, received.bytes)) return false;
        break;
    }
  }
  return true;
}

bool PoolEngine::on_message(WorkerState& worker, MessageBytes message) {
  if (worker.phase == WorkerState::Phase::starting) {
    if (const auto wrong = take_hello(message)) {
      on_start_failure(worker, *wrong);
      return false;
    }
    backoff_.succeeded();
    worker.phase = WorkerState::Phase::ready;
    worker.front_since = now_;
    return true;
  }
  if (worker.sent.empty()) {
    fail(worker, {RefusalReason::crashed, "answered without being asked", {}});
    return false;
  }
  auto answer = decode_answer(message, worker.sent.front().job);
  if (const auto* error = std::get_if<ProtocolError>(&answer)) {
    fail(worker, {RefusalReason::crashed, "answered nonsense: " + error->message, {}});
    return false;
  }
  if (const auto* measurement = std::get_if<matching::Measurement>(&std::get<Answer>(answer));
      measurement && measurement->embedding &&
      measurement->embedding->values.size() != settings_.embedding->identity.value_count) {
    fail(worker, {RefusalReason::crashed, "answered nonsense: an embedding of a wrong length", {}});
    return false;
  }
  return on_answer(worker, std::get<Answer>(std::move(answer)));
}

std::optional<std::string> PoolEngine::take_hello(MessageBytes message) {
  const auto hello = decode_hello(message);
  if (const auto* error = std::get_if<ProtocolError>(&hello)) return error->message;
  std::optional<matching::EmbeddingModelIdentity> expected;
  if (settings_.embedding) expected = settings_.embedding->identity;
  const auto& [network, sandbox] = std::get<Hello>(hello);
  if (network != expected)
    return "its network is not the one that was checked: the model's file has changed since; "
           "reload, or start again, to use it as it is now";
  if (settings_.sandbox == SandboxRule::required && !sandbox.complete())
    return "it is not shut in, its sandbox lacks: " + missing_from(sandbox);
  layers_ = sandbox;
  return std::nullopt;
}

bool PoolEngine::on_memory_need(WorkerState& worker, std::uint64_t bytes) {
  // The files first, then what each takes to decode.
  constexpr unsigned most_needs = 4;
  PendingJob* const asked = worker.sent.front().pending.get();
  if (asked && ++asked->memory_needs > most_needs) {
    fail(worker, {RefusalReason::crashed, "answered nonsense: ever more memory", {}});
    return false;
  }
  charge_front(worker);
  JobQueue::Entry job = std::move(worker.sent.front().pending);
  worker.sent.pop_front();
  worker.front_since = now_;
  worker.is_alone_with_job = false;
  if (!job || job->is_dropped) return true;
  if (bytes > budget_->most_for_one_job()) {
    finished_.emplace_back(std::move(job),
                           Refusal{RefusalReason::over_limit,
                                   "takes " + mebibytes_text(bytes) + " to decode, more than the " +
                                       mebibytes_text(budget_->most_for_one_job()) +
                                       " that limits.worker_memory allows"});
    return true;
  }
  job->job.memory_bytes = bytes;
  queue_.push(std::move(job));
  return true;
}

bool PoolEngine::on_answer(WorkerState& worker, Answer answer) {
  if (const auto* need = std::get_if<MemoryNeed>(&answer))
    return on_memory_need(worker, need->bytes);
  const auto* refusal = std::get_if<Refusal>(&answer);
  if (refusal && refusal->reason == RefusalReason::out_of_memory) {
    fail(worker, {RefusalReason::out_of_memory, "ran out of memory", refusal->message});
    return false;
  }
  worker.process.drain_standard_error();
  charge_front(worker);
  SentJob sent = std::move(worker.sent.front());
  worker.sent.pop_front();
  worker.front_since = now_;
  worker.is_alone_with_job = false;
  if (sent.pending) finished_.emplace_back(std::move(sent.pending), std::move(answer));
  return true;
}

void PoolEngine::on_process_end(WorkerState& worker, const ProcessEnd& end) {
  worker.process.drain_standard_error();
  if (worker.phase == WorkerState::Phase::starting) {
    on_start_failure(worker, describe(end));
  } else {
    fail(worker, {RefusalReason::crashed, describe(end), {}});
  }
}

void PoolEngine::on_deadline(WorkerState& worker) {
  switch (worker.phase) {
    case WorkerState::Phase::starting:
      if (now_ - worker.phase_began >= start_time)
        on_start_failure(worker, "it was not ready after " + seconds_text(start_time));
      return;
    case WorkerState::Phase::ending:
      if (now_ - worker.phase_began >= end_time)
        fail(worker, {RefusalReason::crashed, "closed its channel", {}});
      return;
    case WorkerState::Phase::ready:
      break;
  }
  if (worker.sent.empty()) {
    if (settings_.idle_time.count() > 0 && now_ - worker.front_since >= settings_.idle_time)
      retire(worker);
    return;
  }
  // More may have come than ready() reported at once.
  if (now_ - worker.front_since >= settings_.job_time && receive_all(worker)) {
    if (!worker.sent.empty() && now_ - worker.front_since >= settings_.job_time)
      fail(worker,
           {RefusalReason::timed_out, "took longer than " + seconds_text(settings_.job_time), {}});
    return;
  }
  if (worker.sent.size() > 1 && now_ - worker.front_since >= patience_with_front &&
      worker.sent.back().pending)
    queue_.push_back_again(std::move(worker.sent.back().pending));
}

void PoolEngine::on_start_failure(WorkerState& worker, const std::string& what) {
  worker.process.kill();
  worker.process.drain_standard_error();
  backoff_.failed(now_,
                  with_last_words("start " + settings_.worker_path + ": " + what, worker.process));
  worker.process.close_channel();
  leaving_.push_back({std::move(worker.process), Clock::time_point::max()});
  workers_.erase(worker.tag);
}

void PoolEngine::fail(WorkerState& worker, Failure failure) {
  const std::uint64_t job_bytes = worker.job_bytes();
  worker.process.kill();
  worker.process.drain_standard_error();
  if (failure.last_words.empty()) failure.last_words = worker.process.last_words();
  ++replaced_workers_;
  JobQueue::Entry blamed;
  if (!worker.sent.empty()) {
    charge_front(worker);
    blamed = std::move(worker.sent.front().pending);
    worker.sent.pop_front();
  }
  queue_sent_again(worker);
  if (blamed) blame(std::move(blamed), std::move(failure));
  worker.process.close_channel();
  leaving_.push_back({std::move(worker.process), Clock::time_point::max(), job_bytes});
  workers_.erase(worker.tag);
}

void PoolEngine::retire(WorkerState& worker) {
  assert(worker.sent.empty());
  worker.process.close_channel();
  leaving_.push_back({std::move(worker.process), now_ + end_time});
  workers_.erase(worker.tag);
}

void PoolEngine::queue_sent_again(WorkerState& worker) {
  for (; !worker.sent.empty(); worker.sent.pop_back())
    if (worker.sent.back().pending) queue_.push_back_again(std::move(worker.sent.back().pending));
}

void PoolEngine::charge_front(const WorkerState& worker) {
  PendingJob* const job = worker.sent.front().pending.get();
  if (!job) return;
  const auto time = std::chrono::ceil<std::chrono::milliseconds>(now_ - worker.front_since);
  job->worker_time += time;
  if (job->is_aside()) {
    aside_turn_.aside_ran(time);
    queue_.charge(job->turn.asker, time);
  } else {
    aside_turn_.others_ran(time, now_);
  }
}

void PoolEngine::blame(JobQueue::Entry job, Failure failure) {
  if (job->is_dropped) return;
  if (job->first_failure) {
    Refusal refusal = refusal_after(*job->first_failure, failure);
    finished_.emplace_back(std::move(job), std::move(refusal));
  } else {
    job->first_failure = std::move(failure);
    queue_.push(std::move(job));
  }
}

void PoolEngine::call_back() {
  while (!finished_.empty()) {
    // Off the list before it is called, for it may throw, and may submit.
    const auto finished = std::move(finished_.front());
    finished_.pop_front();
    ++finished_jobs_;
    finished.first->files.clear();
    answered_time_ = finished.first->worker_time;
    if (finished.first->callback) finished.first->callback(finished.second);
  }
}

void PoolEngine::reap_leaving() {
  std::erase_if(leaving_, [this](LeavingWorker& leaving) {
    if (leaving.process.try_reap()) return true;
    if (now_ >= leaving.kill_at) {
      leaving.process.kill();
      leaving.kill_at = Clock::time_point::max();
    }
    return false;
  });
}

}  // namespace imgdedup::worker
