// SPDX-License-Identifier: Apache-2.0
// Measurements that came out of order, put back into the order in which their files arrived.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>

#include "daemon/settle_queue.h"
#include "matching/measurement.h"

namespace imgdedup::daemon {

struct MeasuredFile {
  std::int64_t file_id = 0;
  matching::FileStamp stamp;
  matching::Measurement measurement;
};

/// Files that are measured side by side are judged one after the other as they arrived, so that of
/// a folder full of copies the first is the original at once. A file that takes long holds up the
/// younger ones only for a moment: then they go before it. Pure; loop thread only.
class MeasuredInOrder {
 public:
  /// A file with this place among the waiting ones is being measured; `end` when it no longer is,
  /// before `add` if it has a fingerprint.
  void begin(std::int64_t sequence) { measuring_.insert(sequence); }
  void end(std::int64_t sequence);
  void add(std::int64_t sequence, MeasuredFile file, SteadyTime now);

  /// The next file to be judged; empty if none is measured or an older one is still to come.
  [[nodiscard]] std::optional<MeasuredFile> take_next(SteadyTime now);
  /// When the first that is held back will be no longer; empty if none is.
  [[nodiscard]] std::optional<SteadyTime> next_time() const;

  [[nodiscard]] bool has_room() const;
  [[nodiscard]] std::size_t size() const { return measured_.size(); }
  [[nodiscard]] bool holds(std::int64_t file_id) const;

 private:
  struct Held {
    MeasuredFile file;
    SteadyTime until;
  };
  std::multiset<std::int64_t> measuring_;
  std::multimap<std::int64_t, Held> measured_;  // by sequence
};

}  // namespace imgdedup::daemon
