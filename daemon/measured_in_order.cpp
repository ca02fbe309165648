// SPDX-License-Identifier: Apache-2.0
// Fingerprints put back into the order in which their files arrived.
#include "daemon/measured_in_order.h"

#include <algorithm>
#include <utility>

namespace imgdedup::daemon {
namespace {

constexpr std::chrono::milliseconds longest_hold{1000};
constexpr std::size_t capacity = 256;

}  // namespace

void MeasuredInOrder::end(std::int64_t sequence) {
  const auto place = measuring_.find(sequence);
  if (place != measuring_.end()) measuring_.erase(place);
}

void MeasuredInOrder::add(std::int64_t sequence, MeasuredFile file, SteadyTime now) {
  measured_.emplace(sequence, Held{std::move(file), now + longest_hold});
}

std::optional<MeasuredFile> MeasuredInOrder::take_next(SteadyTime now) {
  if (measured_.empty()) return std::nullopt;
  auto next = measured_.begin();
  if (!measuring_.empty() && *measuring_.begin() < next->first) {
    next = std::find_if(measured_.begin(), measured_.end(),
                        [now](const auto& entry) { return entry.second.until <= now; });
    if (next == measured_.end()) return std::nullopt;
  }
  return std::move(measured_.extract(next).mapped().file);
}

std::optional<SteadyTime> MeasuredInOrder::next_time() const {
  std::optional<SteadyTime> first;
  for (const auto& [sequence, held] : measured_)
    if (!first || held.until < *first) first = held.until;
  return first;
}

bool MeasuredInOrder::has_room() const { return measured_.size() < capacity; }

bool MeasuredInOrder::holds(std::int64_t file_id) const {
  return std::any_of(measured_.begin(), measured_.end(),
                     [file_id](const auto& entry) { return entry.second.file.file_id == file_id; });
}

}  // namespace imgdedup::daemon
