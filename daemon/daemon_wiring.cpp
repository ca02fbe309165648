// SPDX-License-Identifier: Apache-2.0
// The parts of the service, wired together.
#include <signal.h>
#include <spdlog/spdlog.h>

#include <stdexcept>

#include "daemon/daemon_implementation.h"
#include "daemon/decision_text.h"
#include "daemon/log.h"
#include "daemon/pool_settings.h"
#include "daemon/settings_use.h"
#include "daemon/socket_group.h"
#include "protocol/utf8.h"
#include "store/quarantine.h"

namespace imgdedup::daemon {

Daemon::Implementation::Implementation(const config::Settings& settings, ReadSettings read_settings)
    : settings_(settings),
      read_settings_(std::move(read_settings)),
      limits_{settings.limits.max_file_bytes, settings.limits.max_pixels},
      catalog_(settings.catalog),
      roots_(settings.watch),
      pool_settings_(pool_settings(settings)),
      pool_(pool_settings_),
      pool_watch_(loop_, pool_.event_descriptor(),
                  [this](event::Readiness) {
                    pool_.process_events();
                    look_at_workers();
                  }),
      index_(catalog_, settings.policy.hash_kind),
      features_(settings.policy.edited_enabled
                    ? std::optional<FeatureLookup>(std::in_place, catalog_)
                    : std::nullopt),
      embeddings_(EmbeddingLookup::of(catalog_, pool_settings_.embedding)),
      library_(catalog_, index_, features_ ? &*features_ : nullptr, embeddings_.get()),
      keeper_(loop_, catalog_,
              {[this](const std::string& word, const std::string& why) {
                 if (status_.set_trouble(word, why) && !why.empty()) warn(word + ": " + why);
                 update_pause();
               },
               [this] {
                 spdlog::info("the catalog is sound");
                 update_pause();
               },
               [](const std::string& message) { spdlog::info("{}", message); }}),
      publisher_(loop_, catalog_, settings.duplicates_log,
                 {[this](const store::CatalogDecision& decision) {
                    log_decision(decision);
                    commands_.announce(decision);
                  },
                  [this](const std::string& why) {
                    status_.set_trouble("duplicates-log", why);
                    if (!why.empty()) warn(why);
                  }}),
      reconciler_(loop_, roots_, library_, settings.reconcile_interval, reconciler_hooks()),
      judge_(library_, roots_, pool_, policy_of(settings), limits_, judge_hooks()),
      intake_(loop_, roots_, library_, judge_, pool_, settings.settle_time, limits_,
              intake_hooks()),
      mover_(loop_, library_, roots_, mover_hooks()),
      restorer_(loop_, catalog_),
      remeasurer_(loop_, library_, roots_, [this] { intake_.wake(); }),
      refused_again_(loop_, library_,
                     [this] {
                       intake_.wake();
                       sync_.wake();
                     }),
      model_change_(loop_, library_),
      access_check_(loop_, settings,
                    [this](const AccessReport& access) { access_changed(access); }),
      sync_(
          loop_, reconciler_, catalog_, roots_,
          [this] {
            publisher_.flush();
            return remeasurer_.is_done() && refused_again_.is_done() &&
                   (mover_.is_idle() || is_paused_ || is_rebuilding_);
          },
          [this] { return is_paused_; }),
      status_({catalog_, index_, features_ ? &*features_ : nullptr, embeddings_.get(), roots_,
               reconciler_, intake_, judge_, mover_, remeasurer_, pool_, settings.sandbox}),
      commands_(loop_, control_context()),
      server_(loop_, {settings.socket.path, 0660, group_id(settings.socket.group)},
              event::LineServerLimits{}, commands_),
      terminate_(loop_, SIGTERM, [this] { stop(); }),
      interrupt_(loop_, SIGINT, [this] { stop(); }),
      hang_up_(loop_, SIGHUP,
               [this] {
                 try {
                   reload();
                 } catch (const std::runtime_error&) {
                   // Said already.
                 }
               }),
      watchdog_timer_(loop_, [this] { feed_watchdog(); }),
      status_timer_(loop_, [this] { update_manager_status(); }),
      reload_timer_(loop_, [this] { loop_.stop(); }),
      recovery_timer_(loop_, [this] {
        recover();
        if (!recovery_waits_) mover_.carry_out_all();
      }) {
  roots_.remember_quarantine_directories(catalog_.quarantine_directories());
  library_.on_judged_again([this] { intake_.look_again(); });
  commands_.attach(server_);
  pool_watch_.wait_for({.readable = true});
  // Nothing is judged or moved before the first comparison: what went while nobody looked must not
  // count as an original.
  intake_.set_paused(true);
  mover_.set_paused(true);
  is_rebuilding_ = catalog_.rebuilding_since().has_value();
}

Reconciler::Hooks Daemon::Implementation::reconciler_hooks() {
  return {[this] { intake_.wake(); },
          [this](const Root& root) {
            spdlog::info("watching {}", protocol::readable_text(root.settings.path));
            access_check_.look();
            look_at_quarantine_of(root);
            intake_.look_again();
            judge_.judge_those_without_offline_originals();
            if (!has_first_pass_) return;
            if (is_rebuilding_) sync_.add({[](const auto&) {}, [this](auto) { rebuild_ended(); }});
            recover();
            mover_.carry_out_all();
            remeasurer_.start(judge_.measures());
          },
          [this](store::FileId file) { return mover_.is_moving(file); },
          [this](const Root& root) { warn("offline: " + root.error); },
          [](const std::string& message) { spdlog::warn("{}", message); },
          [this](const std::string& path) { found_hidden(path); }};
}

Judge::Hooks Daemon::Implementation::judge_hooks() {
  return {[this](store::DecisionId id) {
            publisher_.wake();
            const auto decision = catalog_.decision(id);
            if (decision && decision->action == matching::Action::quarantine) mover_.carry_out(id);
          },
          [this](const store::CatalogDecision& decision) {
            if (decision.action == matching::Action::quarantine) mover_.carry_out(decision.id);
          },
          [this] {
            status_.finished_one();
            something_ended();
            intake_.wake();
          },
          [this] { intake_.look_again_later(); },
          [this](const std::string& path) { reconciler_.look_at_directory_of(path); },
          [this](const std::string& message) { warn(message); }};
}

Intake::Hooks Daemon::Implementation::intake_hooks() {
  return {[this](const std::string& path) { reconciler_.look_at_directory_of(path); },
          [this] {
            status_.finished_one();
            something_ended();
          },
          [](const std::string& path, const matching::Refusal& refusal) {
            if (refusal.reason != matching::RefusalReason::not_an_image)
              log_event(spdlog::level::info, {.event = "refused", .path = path},
                        protocol::readable_text(path) + ": " +
                            std::string(name_of(refusal.reason)) + ": " + refusal.message);
          },
          [this](const store::CatalogDecision& decision) {
            if (decision.action == matching::Action::quarantine) mover_.carry_out(decision.id);
          },
          [this](std::int64_t from, std::int64_t to) { sync_.follow(from, to); }};
}

Mover::Hooks Daemon::Implementation::mover_hooks() {
  return {[this](store::DecisionId id) {
            if (const auto entry = catalog_.quarantine_entry(id))
              log_quarantine_event("moved", *entry,
                                   "moved " + protocol::readable_text(entry->original_path) +
                                       " to " +
                                       protocol::readable_text(store::quarantine_path(*entry)));
            something_ended();
          },
          [this](const std::string& message) {
            warn(message);
            something_ended();
          },
          [this](const std::string& path) { reconciler_.look_at_directory_of(path); },
          [this](const std::string& message) { warn(message); },
          [this](matching::Relation relation) {
            const matching::Policy& policy = judge_.policy();
            return policy.action_for(relation) == matching::Action::quarantine &&
                   (relation != matching::Relation::near || policy.near_enabled) &&
                   (relation != matching::Relation::edited || policy.edited_enabled);
          }};
}

ControlContext Daemon::Implementation::control_context() {
  return {library_,
          roots_,
          reconciler_,
          intake_,
          judge_,
          mover_,
          restorer_,
          refused_again_,
          pool_,
          status_,
          sync_,
          limits_,
          group_id(settings_.socket.group),
          [this](bool paused) {
            is_paused_ = paused;
            status_.set_paused(paused);
            update_pause();
          },
          [this] { return reload(); },
          [this] { access_check_.look(); },
          [](const std::string& message) { spdlog::info("{}", message); }};
}

}  // namespace imgdedup::daemon
