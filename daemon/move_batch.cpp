// SPDX-License-Identifier: Apache-2.0
// The entries of quarantine that one call restores or purges, and what has come of each.
#include "daemon/move_batch.h"

#include <utility>

namespace imgdedup::daemon {

MoveBatch MoveBatch::of_ids(const protocol::Json& ids, std::int64_t after) {
  MoveBatch batch(Place::count);
  batch.place_ = after;
  for (const protocol::Json& id : ids)
    if (after > 0)
      --after;
    else
      batch.ids_.push_back(id.get<store::DecisionId>());
  return batch;
}

MoveBatch MoveBatch::of_listing(std::deque<store::DecisionId> ids, protocol::Json next) {
  MoveBatch batch(Place::id);
  batch.ids_ = std::move(ids);
  batch.next_ = std::move(next);
  return batch;
}

std::optional<store::DecisionId> MoveBatch::take() {
  if (ids_.empty()) return std::nullopt;
  if (room_.is_full()) {
    next_ = place_;
    return std::nullopt;
  }
  const store::DecisionId id = ids_.front();
  ids_.pop_front();
  place_ = kind_ == Place::count ? place_ + 1 : id;
  return id;
}

void MoveBatch::add(const protocol::MoveReport& report) {
  protocol::Json item = report;
  room_.count(item);
  items_.push_back(std::move(item));
}

protocol::Json MoveBatch::answer() {
  return protocol::make_page(std::move(items_), std::move(next_));
}

}  // namespace imgdedup::daemon
