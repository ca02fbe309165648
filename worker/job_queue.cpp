// SPDX-License-Identifier: Apache-2.0
// Jobs that wait for a worker, and what is remembered of a failed try.
#include "worker/job_queue.h"

#include <algorithm>
#include <utility>

namespace imgdedup::worker {
namespace {

JobQueue::Entry take_front(std::deque<JobQueue::Entry>& line) {
  if (line.empty()) return nullptr;
  auto entry = std::move(line.front());
  line.pop_front();
  return entry;
}

}  // namespace

matching::Refusal refusal_after(const Failure& first, const Failure& second) {
  std::string message = "the worker " + second.what + ", twice";
  if (first.what != second.what) message = "the worker " + first.what + ", then " + second.what;
  if (!second.last_words.empty()) message += "; it last said: " + second.last_words;
  return {second.reason, std::move(message)};
}

std::deque<JobQueue::Entry>& JobQueue::line_of(const PendingJob& job) {
  if (job.first_failure) return second_tries_;
  if (job.memory_needs > 0) return heavy_;
  return job.turn.priority == JobPriority::urgent ? urgent_ : ordinary_;
}

void JobQueue::push(Entry job) {
  if (goes_to_aside_line(*job)) {
    aside_.push(std::move(job));
    return;
  }
  auto& line = line_of(*job);
  line.push_back(std::move(job));
}

void JobQueue::push_back_again(Entry job) {
  if (goes_to_aside_line(*job)) {
    aside_.push_front(std::move(job));
    return;
  }
  auto& line = line_of(*job);
  line.push_front(std::move(job));
}

JobQueue::Entry JobQueue::take_first_try() {
  if (auto entry = take_front(urgent_)) return entry;
  return take_front(ordinary_);
}

JobQueue::Entry JobQueue::take_second_try() { return take_front(second_tries_); }

JobQueue::Entry JobQueue::take_heavy() { return take_front(heavy_); }

std::optional<std::uint64_t> JobQueue::second_try_bytes() const {
  if (second_tries_.empty()) return std::nullopt;
  return second_tries_.front()->job.memory_bytes;
}

std::optional<std::uint64_t> JobQueue::heavy_bytes() const {
  if (heavy_.empty()) return std::nullopt;
  return heavy_.front()->job.memory_bytes;
}

std::size_t JobQueue::further_tries_aside() const {
  const auto count = [](const std::deque<Entry>& line) {
    return std::ranges::count_if(line, [](const Entry& job) { return job->is_aside(); });
  };
  return static_cast<std::size_t>(count(second_tries_) + count(heavy_));
}

void JobQueue::drop(std::uint64_t errand) {
  const auto is_of_errand = [errand](const Entry& job) { return job->turn.errand == errand; };
  for (auto* line : {&second_tries_, &heavy_, &urgent_, &ordinary_})
    std::erase_if(*line, is_of_errand);
  aside_.drop(errand);
}

}  // namespace imgdedup::worker
