// SPDX-License-Identifier: Apache-2.0
// The figures of the service, gathered for `status`, `metrics` and systemd.
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/settings.h"
#include "daemon/intake.h"
#include "daemon/mover.h"
#include "daemon/reconciler.h"
#include "daemon/remeasurer.h"
#include "daemon/roots.h"
#include "protocol/status_report.h"
#include "worker/worker_pool.h"

namespace imgdedup::daemon {

/// What a report is gathered from; all of it outlives the builder.
struct StatusSources {
  store::Catalog& catalog;
  const HashIndex& index;
  const FeatureLookup* features;      ///< nullptr if edits are not looked for
  const EmbeddingLookup* embeddings;  ///< nullptr if there is no model
  const Roots& roots;
  Reconciler& reconciler;
  const Intake& intake;
  const Judge& judge;
  const Mover& mover;
  const Remeasurer& remeasurer;
  const worker::WorkerPool& pool;
  config::SandboxRule sandbox;
};

/// Counting every row takes a moment on a large catalog, so such figures are at most as old as a
/// hundred times what it took to count them, and not older than the last count_anew(). Loop thread
/// only.
class StatusBuilder {
 public:
  explicit StatusBuilder(StatusSources sources);

  [[nodiscard]] protocol::StatusReport report();
  /// Somebody has been told that something is done: what is reported from now on shows it.
  void count_anew() { counted_.reset(); }
  [[nodiscard]] protocol::ServiceState state() const;
  void set_paused(bool paused) { is_paused_ = paused; }
  [[nodiscard]] bool is_paused() const { return is_paused_; }
  /// Something that the sources do not know is wrong: "duplicates-log", and why; "" for no longer.
  /// Whether that is news.
  bool set_trouble(const std::string& word, const std::string& why);
  /// What is wrong with the workers, in the form of StatusReport::degraded; mostly nothing.
  [[nodiscard]] std::vector<std::string> troubles_with_workers() const;
  void finished_one();
  void set_last_error(std::string error);

 private:
  struct Counted {
    store::FileCounts files;
    std::vector<store::FileCounts> by_root;
    std::uint64_t contents = 0;
    store::DecisionCounts decisions;
    store::QuarantineCounts quarantine;
    std::uint64_t poison = 0;
  };
  const Counted& counted();
  [[nodiscard]] std::vector<std::string> degradations() const;
  [[nodiscard]] double files_per_second();

  StatusSources sources_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::deque<std::chrono::steady_clock::time_point> finished_;
  std::optional<Counted> counted_;
  std::chrono::steady_clock::time_point counted_until_;
  std::optional<std::string> last_error_;
  std::optional<protocol::Time> last_error_at_;
  std::map<std::string, std::string> troubles_;
  bool is_paused_ = false;
};

/// Prometheus text exposition format, version 0.0.4.
std::string metrics_text(const protocol::StatusReport& report);

}  // namespace imgdedup::daemon
