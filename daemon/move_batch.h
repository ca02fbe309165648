// SPDX-License-Identifier: Apache-2.0
// The entries of quarantine that one call restores or purges, and what has come of each.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "daemon/page_room.h"
#include "protocol/reports.h"
#include "store/catalog.h"

namespace imgdedup::daemon {

/// Loop thread only.
class MoveBatch {
 public:
  /// The entries that a request names in `ids`, but for the `after` first: those were dealt with by
  /// the call whose `next` this was.
  static MoveBatch of_ids(const protocol::Json& ids, std::int64_t after);
  /// Entries of a listing, in the order of ids. next: what `after` of the page behind it is.
  static MoveBatch of_listing(std::deque<store::DecisionId> ids, protocol::Json next);

  /// The next entry to deal with; empty when it is time to answer: all are done, or the answer is
  /// large enough and the others are left to the next call.
  std::optional<store::DecisionId> take();
  void add(const protocol::MoveReport& report);
  /// The page of what was dealt with. Once, at the end.
  protocol::Json answer();

 private:
  enum class Place : std::uint8_t { count, id };
  explicit MoveBatch(Place kind) : kind_(kind) {}

  Place kind_;
  std::deque<store::DecisionId> ids_;
  std::int64_t place_ = 0;  ///< of the last that was taken
  protocol::Json items_ = protocol::Json::array();
  protocol::Json next_;
  PageRoom room_;
};

}  // namespace imgdedup::daemon
