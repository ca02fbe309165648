// SPDX-License-Identifier: Apache-2.0
// From a file that waits to its fingerprint: settled, opened once, measured by a worker.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <unordered_set>

#include "daemon/event/loop.h"
#include "daemon/event/timer.h"
#include "daemon/judge.h"
#include "daemon/measured_in_order.h"
#include "daemon/settle_queue.h"
#include "worker/worker_pool.h"

namespace imgdedup::daemon {

/// Takes pending rows from the catalog a window at a time, so that a million waiting files are a
/// million rows and no more. Loop thread only.
class Intake {
 public:
  struct Hooks {
    std::function<void(const std::string& path)> look_at_directory_of;
    /// A file was judged or refused; said once a file.
    std::function<void()> finished_one;
    std::function<void(const std::string& path, const matching::Refusal&)> refused;
    /// The file has the bytes on which this standing decision rests.
    std::function<void(const store::CatalogDecision&)> confirmed;
    /// A file that is not quiet waits behind all others now.
    std::function<void(std::int64_t from_sequence, std::int64_t to_sequence)> put_last;
  };

  Intake(event::Loop& loop, const Roots& roots, Library& library, Judge& judge,
         worker::WorkerPool& pool, std::chrono::milliseconds settle_time, worker::JobLimits limits,
         Hooks hooks);

  /// There may be new pending rows, or room for more.
  void wake();
  /// Rows that were passed over are looked at again: a root came back, a directory was listed.
  void look_again();
  /// The same, after a moment: what stands in the way now may pass.
  void look_again_later();
  void set_paused(bool paused);
  [[nodiscard]] bool is_paused() const { return is_paused_; }

  [[nodiscard]] std::size_t waiting() const { return settle_.size(); }
  [[nodiscard]] std::size_t in_flight() const { return measuring_.size() + measured_.size(); }

 private:
  struct Measurement;

  void pump();
  void refill();
  void look(const WaitingFile& waiting);
  void pass_over(store::FileId id);
  void put_last(const store::CatalogFile& file, const WaitingFile& waiting);
  void measure(const store::CatalogFile& file, std::int64_t sequence,
               posix::UniqueDescriptor descriptor);
  void ask(const std::shared_ptr<Measurement>& measurement, worker::JobKind kind);
  void end_measurement(const Measurement& measurement);
  void answered(const std::shared_ptr<Measurement>& measurement, const worker::Answer& answer);
  void refuse(const store::CatalogFile& file, matching::Refusal refusal);
  void hand_over();
  void take_up_later_ones();
  [[nodiscard]] bool is_usable(const store::CatalogContent& content) const;
  [[nodiscard]] std::optional<matching::Measurement> known_measurement(
      const matching::ContentDigest& digest);

  event::Loop& loop_;
  const Roots& roots_;
  Library& library_;
  Judge& judge_;
  worker::WorkerPool& pool_;
  worker::JobLimits limits_;
  Hooks hooks_;
  SettleQueue settle_;
  event::Timer due_timer_;
  event::Timer again_timer_;
  event::Timer order_timer_;
  std::unordered_set<store::FileId> measuring_;
  MeasuredInOrder measured_;
  /// Files that resemble those whose judgement takes long; measured again when it is their turn.
  std::set<store::FileId> later_;
  std::unordered_multiset<std::int64_t> sizes_measured_;  ///< of files without a known digest yet
  std::int64_t cursor_ = store::before_all_pending;       ///< place in the order of pending rows
  bool is_paused_ = false;
  bool is_woken_ = false;
};

}  // namespace imgdedup::daemon
