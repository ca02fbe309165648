// SPDX-License-Identifier: Apache-2.0
// The parts of the service, in the order in which they are made; for daemon.cpp and its wiring.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daemon/access_check.h"
#include "daemon/catalog_keeper.h"
#include "daemon/control_commands.h"
#include "daemon/daemon.h"
#include "daemon/decision_publisher.h"
#include "daemon/event/signals.h"
#include "daemon/model_change.h"
#include "daemon/refused_again.h"
#include "daemon/remeasurer.h"
#include "daemon/service_manager.h"
#include "store/original_place.h"
#include "store/sqlite_catalog.h"

namespace imgdedup::daemon {

class Daemon::Implementation {
 public:
  Implementation(const config::Settings& settings, ReadSettings read_settings);

  RunEnd run();
  const std::optional<config::Settings>& new_settings() const { return new_settings_; }
  void take_over(Legacy legacy);
  Legacy leave();

 private:
  [[nodiscard]] Reconciler::Hooks reconciler_hooks();
  [[nodiscard]] Judge::Hooks judge_hooks();
  [[nodiscard]] Intake::Hooks intake_hooks();
  [[nodiscard]] Mover::Hooks mover_hooks();
  [[nodiscard]] ControlContext control_context();

  void recover();
  [[nodiscard]] store::WatchedPlace place_of(const std::string& path) const;
  void found_hidden(const std::string& path);
  void load_index();
  void begin_watching();
  void first_pass_ended();
  void rebuild_ended();
  void look_at_quarantine_of(const Root& root);
  void update_pause();
  void access_changed(const AccessReport& access);
  void something_ended();
  ReloadEnd reload();
  void feed_watchdog();
  void stop();
  void update_manager_status();
  void look_at_workers();
  void tell_doubts();
  void warn(const std::string& message);

  config::Settings settings_;
  ReadSettings read_settings_;
  std::optional<config::Settings> new_settings_;
  worker::JobLimits limits_;
  event::Loop loop_;
  ServiceManager manager_;
  store::SqliteCatalog catalog_;
  Roots roots_;
  const worker::WorkerPoolSettings pool_settings_;
  worker::WorkerPool pool_;
  event::DescriptorWatch pool_watch_;
  HashIndex index_;
  std::optional<FeatureLookup> features_;        ///< if edits are looked for
  std::unique_ptr<EmbeddingLookup> embeddings_;  ///< if there is a model
  Library library_;
  CatalogKeeper keeper_;
  DecisionPublisher publisher_;
  Reconciler reconciler_;
  Judge judge_;
  Intake intake_;
  Mover mover_;
  Restorer restorer_;
  Remeasurer remeasurer_;
  RefusedAgain refused_again_;
  ModelChange model_change_;
  AccessCheck access_check_;
  SyncWaiters sync_;
  StatusBuilder status_;
  ControlCommands commands_;
  event::LineServer server_;
  event::SignalWatch terminate_;
  event::SignalWatch interrupt_;
  event::SignalWatch hang_up_;
  event::Timer watchdog_timer_;
  event::Timer status_timer_;
  event::Timer reload_timer_;
  event::Timer recovery_timer_;
  std::vector<std::string> worker_troubles_;
  std::string settings_problem_;  ///< of the life before, for those who wait for their reload
  bool had_access_warnings_ = false;
  bool is_paused_ = false;
  bool has_first_pass_ = false;
  bool is_rebuilding_ = false;
  std::set<std::string> told_problems_;  ///< with the quarantine
  bool recovery_waits_ = false;          ///< for a move in hand to end
  bool moves_wait_ = false;              ///< that were broken off, for their folder to come back
};

}  // namespace imgdedup::daemon
