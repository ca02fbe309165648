// SPDX-License-Identifier: Apache-2.0
// Jobs that wait for a worker, and what is remembered of a failed try.
#include "worker/job_queue.h"

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
  return job.priority == JobPriority::urgent ? urgent_ : ordinary_;
}

void JobQueue::push(Entry job) {
  auto& line = line_of(*job);
  line.push_back(std::move(job));
}

void JobQueue::push_back_again(Entry job) {
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

}  // namespace imgdedup::worker
