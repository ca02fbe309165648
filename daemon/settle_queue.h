// SPDX-License-Identifier: Apache-2.0
// Files that wait to be quiet: a bounded window onto the catalog's pending rows.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "matching/image_record.h"

namespace imgdedup::daemon {

using SteadyTime = std::chrono::steady_clock::time_point;

/// A file that waits. Its stamp is that of the last look at it.
struct WaitingFile {
  std::int64_t sequence = 0;  ///< its place among the pending rows of the catalog
  std::int64_t file_id = 0;
  std::string path;
  matching::FileStamp stamp;
};

/// Whether the file system keeps whole seconds (FAT two of them): what is written shortly after
/// another write may then leave the stamp as it was.
bool has_whole_seconds(const matching::FileStamp& stamp);

/// What becomes of a file that is not quiet.
enum class RestlessFile : std::uint8_t {
  stays,   ///< in the queue, to be looked at again
  leaves,  ///< removed: too many are restless, and others wait for their first look
};

/// Decides when a file has been quiet for long enough. Files that are changed or written without
/// end hold at most half of a full queue, or as many more as cannot leave at the pace of half the
/// capacity a second: they keep nobody out. Pure: time and stamps are given, nothing is
/// read. Loop thread only.
class SettleQueue {
 public:
  /// settle_time: how long a file must be quiet. long_quiet_time: how long where no lease can tell
  /// whether somebody writes it, or where the times of files are whole seconds.
  SettleQueue(std::chrono::milliseconds settle_time, std::chrono::milliseconds long_quiet_time,
              std::size_t capacity)
      : settle_time_(settle_time), long_quiet_time_(long_quiet_time), capacity_(capacity) {}

  [[nodiscard]] bool has_room() const { return files_.size() < capacity_; }
  [[nodiscard]] std::size_t size() const { return files_.size(); }
  [[nodiscard]] bool contains(std::int64_t file_id) const { return files_.contains(file_id); }

  /// Takes a file in that was seen with its stamp just now. One that was last changed more than
  /// the settle time ago, by the wall clock, is due at once: this is its first look, the next its
  /// second. A file that is there already keeps its time.
  void add(WaitingFile file, SteadyTime now, std::int64_t wall_clock_ns);

  /// Files whose time has come, in the order of their sequence, at most `limit`; they stay in the
  /// queue, in hand, until one of the calls below says what became of them.
  [[nodiscard]] std::vector<WaitingFile> take_due(SteadyTime now, std::size_t limit);

  /// The stamp was another one: the quiet begins anew.
  [[nodiscard]] RestlessFile changed(std::int64_t file_id, const matching::FileStamp& stamp,
                                     SteadyTime now);
  /// Somebody has it open for writing: look again after a while that grows up to two seconds.
  [[nodiscard]] RestlessFile still_written(std::int64_t file_id, SteadyTime now);
  /// True if it has been quiet for long_quiet_time as well, else it waits on.
  [[nodiscard]] bool quiet_for_long(std::int64_t file_id, SteadyTime now,
                                    std::int64_t wall_clock_ns);
  /// Could not be looked at for want of room elsewhere: due again at once.
  void put_back(std::int64_t file_id, SteadyTime now);
  /// Judged, gone or handed on.
  void remove(std::int64_t file_id);
  void clear();

  /// When the next file is due; empty if none waits (those in hand do not count).
  [[nodiscard]] std::optional<SteadyTime> next_due() const;

 private:
  struct Entry {
    WaitingFile file;
    SteadyTime quiet_since;
    SteadyTime due;
    std::chrono::milliseconds retry{0};
    bool in_hand = false;
    bool is_restless = false;
  };
  void schedule(Entry& entry, SteadyTime due);
  RestlessFile was_restless(Entry& entry, SteadyTime now);

  std::chrono::milliseconds settle_time_;
  std::chrono::milliseconds long_quiet_time_;
  std::size_t capacity_;
  std::map<std::int64_t, Entry> files_;                               // by file id
  std::set<std::tuple<SteadyTime, std::int64_t, std::int64_t>> due_;  // due, sequence, file id
  std::size_t restless_ = 0;
  std::size_t left_ = 0;  // since leaving_since_
  SteadyTime leaving_since_;
};

}  // namespace imgdedup::daemon
