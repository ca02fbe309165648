// SPDX-License-Identifier: Apache-2.0
// Files that wait to be quiet.
#include "daemon/settle_queue.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace imgdedup::daemon {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr milliseconds first_retry{100};
constexpr milliseconds longest_retry{2000};
constexpr milliseconds leaving_interval{1000};

/// How long ago the file was last changed by the wall clock; zero for a time in the future, which
/// says nothing.
nanoseconds age_of(const matching::FileStamp& stamp, std::int64_t wall_clock_ns) {
  const std::int64_t changed_ns = std::max(stamp.mtime_ns, stamp.ctime_ns);
  if (changed_ns >= wall_clock_ns) return nanoseconds(0);
  // Times are whatever a user set them to: the difference may be longer than a duration.
  const std::uint64_t age =
      static_cast<std::uint64_t>(wall_clock_ns) - static_cast<std::uint64_t>(changed_ns);
  return nanoseconds(std::min<std::uint64_t>(age, std::numeric_limits<std::int64_t>::max()));
}

}  // namespace

bool has_whole_seconds(const matching::FileStamp& stamp) {
  constexpr std::int64_t second_ns = 1'000'000'000;
  return stamp.mtime_ns % second_ns == 0 && stamp.ctime_ns % second_ns == 0;
}

void SettleQueue::schedule(Entry& entry, SteadyTime due) {
  due_.erase({entry.due, entry.file.sequence, entry.file.file_id});
  entry.due = due;
  entry.in_hand = false;
  due_.insert({entry.due, entry.file.sequence, entry.file.file_id});
}

void SettleQueue::add(WaitingFile file, SteadyTime now, std::int64_t wall_clock_ns) {
  const std::int64_t id = file.file_id;
  const auto [place, is_new] = files_.try_emplace(id);
  if (!is_new) return;
  Entry& entry = place->second;
  const nanoseconds age = age_of(file.stamp, wall_clock_ns);
  entry.file = std::move(file);
  entry.quiet_since = now - std::min<nanoseconds>(age, settle_time_);
  schedule(entry, entry.quiet_since + settle_time_);
}

std::vector<WaitingFile> SettleQueue::take_due(SteadyTime now, std::size_t limit) {
  std::vector<WaitingFile> taken;
  while (!due_.empty() && taken.size() < limit) {
    const auto [due, sequence, id] = *due_.begin();
    if (due > now) break;
    due_.erase(due_.begin());
    Entry& entry = files_.at(id);
    entry.in_hand = true;
    taken.push_back(entry.file);
  }
  std::sort(taken.begin(), taken.end(),
            [](const WaitingFile& a, const WaitingFile& b) { return a.sequence < b.sequence; });
  return taken;
}

// Those who leave come back through the queue of all that wait; the pace bounds what that costs.
RestlessFile SettleQueue::was_restless(Entry& entry, SteadyTime now) {
  if (!std::exchange(entry.is_restless, true)) ++restless_;
  if (has_room() || restless_ <= capacity_ / 2) return RestlessFile::stays;
  if (now - leaving_since_ >= leaving_interval) {
    leaving_since_ = now;
    left_ = 0;
  }
  if (left_ >= capacity_ / 2) return RestlessFile::stays;
  ++left_;
  remove(entry.file.file_id);
  return RestlessFile::leaves;
}

RestlessFile SettleQueue::changed(std::int64_t file_id, const matching::FileStamp& stamp,
                                  SteadyTime now) {
  const auto place = files_.find(file_id);
  if (place == files_.end()) return RestlessFile::stays;
  Entry& entry = place->second;
  entry.file.stamp = stamp;
  entry.quiet_since = now;
  entry.retry = milliseconds{0};
  schedule(entry, now + settle_time_);
  return was_restless(entry, now);
}

RestlessFile SettleQueue::still_written(std::int64_t file_id, SteadyTime now) {
  const auto place = files_.find(file_id);
  if (place == files_.end()) return RestlessFile::stays;
  Entry& entry = place->second;
  entry.retry = std::clamp(entry.retry * 2, first_retry, longest_retry);
  schedule(entry, now + entry.retry);
  return was_restless(entry, now);
}

bool SettleQueue::quiet_for_long(std::int64_t file_id, SteadyTime now, std::int64_t wall_clock_ns) {
  const auto place = files_.find(file_id);
  if (place == files_.end()) return false;
  Entry& entry = place->second;
  const nanoseconds needed = std::max<nanoseconds>(settle_time_, long_quiet_time_);
  if (now - entry.quiet_since >= needed || age_of(entry.file.stamp, wall_clock_ns) >= needed)
    return true;
  schedule(entry, entry.quiet_since + std::chrono::duration_cast<SteadyTime::duration>(needed));
  return false;
}

void SettleQueue::put_back(std::int64_t file_id, SteadyTime now) {
  const auto place = files_.find(file_id);
  if (place != files_.end()) schedule(place->second, now);
}

void SettleQueue::remove(std::int64_t file_id) {
  const auto place = files_.find(file_id);
  if (place == files_.end()) return;
  const Entry& entry = place->second;
  due_.erase({entry.due, entry.file.sequence, file_id});
  if (entry.is_restless) --restless_;
  files_.erase(place);
}

void SettleQueue::clear() {
  files_.clear();
  due_.clear();
  restless_ = 0;
}

std::optional<SteadyTime> SettleQueue::next_due() const {
  if (due_.empty()) return std::nullopt;
  return std::get<0>(*due_.begin());
}

}  // namespace imgdedup::daemon
