// SPDX-License-Identifier: Apache-2.0
// Carries decisions out: one duplicate after the other into quarantine, never the last copy.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "daemon/event/loop.h"
#include "daemon/event/timer.h"
#include "daemon/library.h"
#include "daemon/returning_files.h"
#include "daemon/roots.h"
#include "daemon/unmoved.h"
#include "store/quarantine.h"

namespace imgdedup::daemon {

struct MoverCounts {
  std::uint64_t done = 0;
  std::uint64_t undone = 0;  ///< the file changed at the last moment, or its original did
  std::uint64_t failed = 0;  ///< the system would not let us
};

/// Before a file moves, its original is opened, is another inode, lies in a watched folder that is
/// there, and has its digest now; and so has the file itself. What the settings of now would only
/// log stays, whatever was decided before. What has to be copied, for its
/// quarantine lies on another mount, is copied on a thread of the pool. Loop thread only.
class Mover {
 public:
  struct Hooks {
    std::function<void(store::DecisionId)> moved;
    std::function<void(const std::string& message)> failed;
    std::function<void(const std::string& path)> look_at_directory_of;
    /// Done, but not all of it as one would wish.
    std::function<void(const std::string& message)> note;
    /// Whether the settings of now send duplicates of this relation to quarantine.
    std::function<bool(matching::Relation)> is_wanted;
  };

  Mover(event::Loop& loop, Library& library, const Roots& roots, Hooks hooks);
  ~Mover() { *is_over_ = true; }
  Mover(const Mover&) = delete;
  Mover& operator=(const Mover&) = delete;

  /// Its action is quarantine.
  void carry_out(store::DecisionId id);
  /// All decisions that stand, say quarantine and have not been carried out: at start, on rescan.
  void carry_out_all();
  void set_paused(bool paused);

  [[nodiscard]] bool is_moving(store::FileId file) const;
  /// Whether a file is between its first look and its place in quarantine.
  [[nodiscard]] bool has_move_in_hand() const { return current_ != nullptr; }
  [[nodiscard]] bool is_idle() const { return waiting_.empty() && !current_ && !rest_after_; }
  [[nodiscard]] std::size_t waiting() const { return waiting_.size() + (current_ ? 1 : 0); }
  /// Why the last attempt to carry it out failed; empty if none did.
  [[nodiscard]] std::optional<std::string> why_not_moved(store::DecisionId id) const {
    return unmoved_.why(id);
  }
  [[nodiscard]] const MoverCounts& counts() const { return counts_; }

 private:
  struct Move;
  using MovePtr = std::shared_ptr<Move>;

  void wake();
  void take_page();
  void start_next();
  void guarded(const MovePtr& move, const std::function<void()>& step);
  [[nodiscard]] bool prepare(const MovePtr& move);
  void leave(const MovePtr& move, const std::string& why);
  void retry_later();
  void bytes_changed_unseen(store::FileId id, const matching::FileStamp& stamp);
  void verify(const MovePtr& move);
  void verified(const MovePtr& move);
  [[nodiscard]] bool still_stands(const Move& move) const;
  void copy(const MovePtr& move);
  void copied(const MovePtr& move);
  void ask_last_digest(const MovePtr& move);
  void fell(const MovePtr& move);
  void finish(const MovePtr& move);
  void give_up(const MovePtr& move, const store::MoveProblem& problem);
  struct DigestQuestion {
    posix::UniqueDescriptor file;
    store::FileId file_id = 0;
    matching::FileStamp stamp;
    matching::ContentDigest expected;
    std::function<void(const MovePtr&)> then;  ///< when it is as expected; does not own the move
    const char* test_point = "digest";
  };
  void ask_digest(const MovePtr& move, DigestQuestion question);
  void digested(const MovePtr& move, const DigestQuestion& question,
                const std::optional<matching::ContentDigest>& found,
                const std::exception_ptr& failure);
  void end(const MovePtr& move);

  event::Loop& loop_;
  Library& library_;
  const Roots& roots_;
  Hooks hooks_;
  ReturningFiles returning_;
  event::Timer retry_timer_;
  event::Timer refused_timer_;
  std::chrono::seconds refused_retry_time_;
  std::deque<store::DecisionId> waiting_;
  /// More than wait here are in the catalog, with ids above this.
  std::optional<store::DecisionId> rest_after_;
  std::unordered_set<store::DecisionId> queued_;
  Unmoved unmoved_;                             ///< each trouble is told once
  std::unordered_set<store::DecisionId> left_;  ///< for good, and told
  /// How often the original changed in the moment of the move.
  std::unordered_map<store::DecisionId, unsigned> original_changed_;
  MovePtr current_;
  MoverCounts counts_;
  /// Ends what threads of the pool still digest.
  std::shared_ptr<std::atomic<bool>> is_over_ = std::make_shared<std::atomic<bool>>(false);
  bool is_paused_ = false;
  bool is_woken_ = false;
};

}  // namespace imgdedup::daemon
