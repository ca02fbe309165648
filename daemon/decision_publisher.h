// SPDX-License-Identifier: Apache-2.0
// Tells the world of each decision: the duplicates log, once; those who follow; the service's log.
#pragma once

#include <functional>
#include <string>

#include "daemon/event/loop.h"
#include "daemon/event/timer.h"
#include "store/catalog.h"
#include "store/duplicates_log.h"

namespace imgdedup::daemon {

/// The duplicates log follows the catalog: at each flush it gets what it lacks, after the catalog
/// has been made durable, so that no line speaks of a decision that a loss of power takes back.
/// Loop thread only.
class DecisionPublisher {
 public:
  struct Hooks {
    /// A decision that was taken in this run.
    std::function<void(const store::CatalogDecision&)> on_decision;
    /// The log cannot be written, and why; "" when it can again.
    std::function<void(const std::string& why)> trouble;
  };

  DecisionPublisher(event::Loop& loop, store::Catalog& catalog, const std::string& log_path,
                    Hooks hooks);

  /// Ids of decisions to come go beyond those in the log, whatever catalog wrote it; then the log
  /// gets what it lacks. At start.
  void start();
  /// There is a new decision; several in a row are written together.
  void wake();
  /// Writes what the log lacks now, if it can; nothing before start().
  void flush();

 private:
  event::Loop& loop_;
  store::Catalog& catalog_;
  store::DuplicatesLog log_;
  Hooks hooks_;
  event::Timer flush_timer_;
  store::DecisionId last_announced_ = 0;
  bool is_started_ = false;
  bool is_in_trouble_ = false;
};

}  // namespace imgdedup::daemon
