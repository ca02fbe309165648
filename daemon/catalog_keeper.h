// SPDX-License-Identifier: Apache-2.0
// Looks after the catalog's file while the service runs: saves the owner's word, makes backups,
// checks.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "daemon/event/loop.h"
#include "daemon/event/timer.h"
#include "store/sqlite_catalog.h"

namespace imgdedup::daemon {

/// One task at a time, on a pool thread with a connection of its own, so that the loop never waits:
/// the verdicts after each change of them, a backup a day of which a few are kept, the full check
/// once a week and after an end that was not orderly. Tasks that keep the -wal from shrinking are
/// broken off when it grows large, and tried again later. Loop thread only.
class CatalogKeeper {
 public:
  struct Hooks {
    /// "catalog-backup", and why it does not work; "" for no longer.
    std::function<void(const std::string& word, const std::string& why)> trouble;
    /// The check that moves wait for has found nothing.
    std::function<void()> found_sound;
    std::function<void(const std::string& message)> note;  ///< for the service's log
  };

  CatalogKeeper(event::Loop& loop, store::SqliteCatalog& catalog, Hooks hooks);
  ~CatalogKeeper();
  CatalogKeeper(const CatalogKeeper&) = delete;
  CatalogKeeper& operator=(const CatalogKeeper&) = delete;

  void start();
  /// The last run did not end in order or a copy was not sound, and the catalog has not been
  /// checked in full since then.
  [[nodiscard]] bool must_check_before_moves() const { return must_check_; }
  /// At an orderly end: breaks off what runs, and saves what is not saved yet.
  void finish() noexcept;

 private:
  struct Task;

  void wake();
  void look();
  void run_task(const std::shared_ptr<Task>& task);
  [[nodiscard]] bool has_succeeded(const Task& task, const std::exception_ptr& failure);
  void export_verdicts();
  void back_up();
  void check();
  [[nodiscard]] bool is_backup_due();
  [[nodiscard]] bool is_check_due();

  event::Loop& loop_;
  store::SqliteCatalog& catalog_;
  Hooks hooks_;
  event::Timer wake_timer_;
  event::Timer look_timer_;
  std::shared_ptr<Task> task_;  ///< that runs
  bool is_export_due_ = false;
  bool must_check_ = false;
  std::chrono::steady_clock::time_point no_upkeep_before_;  ///< after a start
  // After a task that did not succeed.
  std::chrono::steady_clock::time_point rests_until_;
  std::chrono::steady_clock::time_point export_rests_until_;
};

}  // namespace imgdedup::daemon
