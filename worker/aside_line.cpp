// SPDX-License-Identifier: Apache-2.0
// Jobs that stand aside for the others: which is next.
#include "worker/aside_line.h"

#include <algorithm>
#include <utility>

#include "worker/job_queue.h"

namespace imgdedup::worker {

// Who comes anew, or again, has no claim to time that others had meanwhile.
AsideLine::Asker& AsideLine::asker_of(const PendingJob& job) {
  Asker& asker = askers_[job.turn.asker];
  if (asker.jobs.empty()) asker.used = std::max(asker.used, used_by_last_);
  return asker;
}

void AsideLine::push(Entry job) {
  Asker& asker = asker_of(*job);
  asker.jobs.push_back(std::move(job));
  ++size_;
}

void AsideLine::push_front(Entry job) {
  Asker& asker = asker_of(*job);
  asker.jobs.push_front(std::move(job));
  ++size_;
}

AsideLine::Entry AsideLine::take() {
  if (size_ == 0) return nullptr;
  auto next = askers_.end();
  for (auto place = askers_.begin(); place != askers_.end(); ++place)
    if (!place->second.jobs.empty() &&
        (next == askers_.end() || place->second.used < next->second.used))
      next = place;
  used_by_last_ = next->second.used;
  auto job = std::move(next->second.jobs.front());
  next->second.jobs.pop_front();
  --size_;
  std::erase_if(askers_, [this](const auto& entry) {
    return entry.second.jobs.empty() && entry.second.used < used_by_last_;
  });
  return job;
}

void AsideLine::charge(std::uint64_t asker, Milliseconds time) {
  const auto [place, is_new] = askers_.try_emplace(asker);
  if (is_new) place->second.used = used_by_last_;
  place->second.used += time;
}

void AsideLine::drop(std::uint64_t errand) {
  for (auto& [asker, line] : askers_)
    size_ -=
        std::erase_if(line.jobs, [errand](const Entry& job) { return job->turn.errand == errand; });
}

}  // namespace imgdedup::worker
