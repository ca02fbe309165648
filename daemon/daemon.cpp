// SPDX-License-Identifier: Apache-2.0
// The service: its parts, wired together.
#include "daemon/daemon.h"

#include <signal.h>
#include <spdlog/spdlog.h>

#include <stdexcept>

#include "daemon/access_check.h"
#include "daemon/catalog_keeper.h"
#include "daemon/catalog_rebuilding.h"
#include "daemon/control_commands.h"
#include "daemon/decision_publisher.h"
#include "daemon/decision_text.h"
#include "daemon/event/signals.h"
#include "daemon/log.h"
#include "daemon/model_change.h"
#include "daemon/pool_settings.h"
#include "daemon/quarantine_mount.h"
#include "daemon/refused_again.h"
#include "daemon/remeasurer.h"
#include "daemon/service_manager.h"
#include "daemon/settings_use.h"
#include "daemon/socket_group.h"
#include "protocol/utf8.h"
#include "store/quarantine.h"
#include "store/sqlite_catalog.h"

namespace imgdedup::daemon {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds status_delay{1000};
// So that the answer to `reload` leaves before the socket goes.
constexpr milliseconds reload_delay{100};

std::string join(const std::vector<store::DecisionId>& ids) {
  std::string text;
  for (const store::DecisionId id : ids) text += (text.empty() ? "" : ", ") + std::to_string(id);
  return text;
}

}  // namespace

class Daemon::Implementation {
 public:
  Implementation(const config::Settings& settings, ReadSettings read_settings, bool is_paused);

  RunEnd run();
  const std::optional<config::Settings>& new_settings() const { return new_settings_; }
  bool is_paused() const { return is_paused_; }

 private:
  [[nodiscard]] Reconciler::Hooks reconciler_hooks();
  [[nodiscard]] Judge::Hooks judge_hooks();
  [[nodiscard]] Intake::Hooks intake_hooks();
  [[nodiscard]] Mover::Hooks mover_hooks();
  [[nodiscard]] ControlContext control_context();

  void recover();
  void load_index();
  void begin_watching();
  void first_pass_ended();
  void rebuild_ended();
  void look_at_quarantine_of(const Root& root);
  void update_pause();
  void access_changed(const AccessReport& access);
  void something_ended();
  void reload();
  void stop();
  void update_manager_status();
  void look_at_workers();
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
  std::vector<std::string> worker_troubles_;
  bool is_paused_ = false;
  bool has_first_pass_ = false;
  bool is_rebuilding_ = false;
  bool moves_wait_ = false;  ///< that were broken off, for their folder to come back
};

Daemon::Implementation::Implementation(const config::Settings& settings, ReadSettings read_settings,
                                       bool is_paused)
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
      mover_(loop_, library_, roots_, pool_, limits_, mover_hooks()),
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
      sync_(loop_, reconciler_, catalog_, roots_,
            [this] {
              publisher_.flush();
              return remeasurer_.is_done() && refused_again_.is_done() &&
                     (mover_.is_idle() || is_paused_ || is_rebuilding_);
            }),
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
                 } catch (const std::runtime_error& error) {
                   warn(std::string("the settings stay as they were: ") + error.what());
                 }
               }),
      watchdog_timer_(loop_,
                      [this] { reconciler_.watches().ping([this] { manager_.feed_watchdog(); }); }),
      status_timer_(loop_, [this] { update_manager_status(); }),
      reload_timer_(loop_, [this] { loop_.stop(); }) {
  roots_.remember_quarantine_directories(catalog_.quarantine_directories());
  library_.on_judged_again([this] { intake_.look_again(); });
  commands_.attach(server_);
  pool_watch_.wait_for({.readable = true});
  // Nothing is judged or moved before the first comparison: what went while nobody looked must not
  // count as an original.
  intake_.set_paused(true);
  mover_.set_paused(true);
  is_paused_ = is_paused;
  status_.set_paused(is_paused);
  is_rebuilding_ = catalog_.rebuilding_since().has_value();
}

Reconciler::Hooks Daemon::Implementation::reconciler_hooks() {
  return {[this] { intake_.wake(); },
          [this](const Root& root) {
            spdlog::info("watching {}", protocol::readable_text(root.settings.path));
            access_check_.start();
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
          [](const std::string& message) { spdlog::warn("{}", message); }};
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
          }};
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
          [this](const std::string& message) { warn(message); }};
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
          [this] { reload(); },
          [](const std::string& message) { spdlog::info("{}", message); }};
}

void Daemon::Implementation::warn(const std::string& message) {
  spdlog::warn("{}", protocol::readable_text(message));
  status_.set_last_error(message);
}

void Daemon::Implementation::look_at_workers() {
  auto troubles = status_.troubles_with_workers();
  if (troubles == worker_troubles_) return;
  worker_troubles_ = std::move(troubles);
  for (const std::string& trouble : worker_troubles_) warn(trouble);
}

void Daemon::Implementation::recover() {
  // What the journal says of a move under way is not what a crash left behind.
  if (mover_.has_move_in_hand() || restorer_.has_return_in_hand()) return;
  const store::RecoveryReport report = store::recover_quarantine(
      catalog_, roots_.quarantine_directories(), [this](const std::string& path) {
        const Root* root = roots_.holding(path);
        return root && !root->is_online();
      });
  moves_wait_ = report.waiting > 0;
  catalog_.reserve_decision_ids(report.highest_id);
  if (!report.undone.empty())
    spdlog::info("put back from quarantine what the last run had not finished moving: {}",
                 join(report.undone));
  if (!report.restored.empty())
    spdlog::info("brought back from quarantine what the last run had not finished restoring: {}",
                 join(report.restored));
  if (!report.kept.empty())
    warn("left in quarantine, for their old names are taken: " + join(report.kept));
  if (!report.adopted.empty())
    warn("found in quarantine, unknown to the catalog, and taken into it: " + join(report.adopted));
  for (const std::string& problem : report.problems) warn("quarantine: " + problem);
  if (!report.lost.empty())
    warn("no longer in quarantine, removed by other hands: " + join(report.lost));
}

void Daemon::Implementation::load_index() {
  if (!index_.is_loaded()) {
    index_.load_page();
  } else if (features_ && !features_->is_loaded()) {
    features_->load_page();
  } else if (embeddings_ && !embeddings_->is_loaded()) {
    embeddings_->load_page();
  } else {
    begin_watching();
    return;
  }
  loop_.defer([this] { load_index(); });
}

void Daemon::Implementation::begin_watching() {
  publisher_.start();
  keeper_.start();
  access_check_.start();
  // What kept these from being read may have been put right.
  refused_again_.start({matching::RefusalReason::unreadable, matching::RefusalReason::over_limit});
  reconciler_.start_pass([this] { first_pass_ended(); });

  manager_.ready();
  if (const auto interval = manager_.watchdog_interval())
    watchdog_timer_.start_repeating(*interval);
  update_manager_status();
  spdlog::info("ready: {} hashes, socket {}", index_.size(), settings_.socket.path);
}

void Daemon::Implementation::first_pass_ended() {
  has_first_pass_ = true;
  if (moves_wait_) recover();
  if (is_rebuilding_) catalog_.put_restored_last();
  mover_.carry_out_all();
  update_pause();
  model_change_.start();
  remeasurer_.start(judge_.measures());
  if (is_rebuilding_) sync_.add({[](const auto&) {}, [this](auto) { rebuild_ended(); }});
  something_ended();
}

void Daemon::Implementation::rebuild_ended() {
  if (!is_rebuilding_) return;
  // What lies in a folder that is away may be the original of what is here, and its quarantine has
  // not been taken in.
  if (roots_.any_offline()) {
    status_.set_trouble("catalog", rebuilding_waits_for(roots_));
    return;
  }
  catalog_.end_rebuilding();
  is_rebuilding_ = false;
  status_.set_trouble("catalog", "");
  spdlog::info("the catalog is whole again: every file has been looked at");
  update_pause();
}

void Daemon::Implementation::access_changed(const AccessReport& access) {
  for (const std::string& summary : access.summaries) spdlog::info("{}", summary);
  for (const std::string& warning : access.warnings) warn(warning);
  std::string trouble;
  if (!access.troubles.empty()) trouble = access.troubles.front();
  if (access.troubles.size() > 1)
    trouble += " (and " + std::to_string(access.troubles.size() - 1) + " more, see the log)";
  status_.set_trouble("access", trouble);
  update_manager_status();
}

void Daemon::Implementation::look_at_quarantine_of(const Root& root) {
  const std::string path = protocol::readable_text(root.settings.path);
  const std::string place = protocol::readable_text(root.settings.quarantine);
  std::string trouble;
  switch (way_to_quarantine(root.settings)) {
    case QuarantineWay::rename:
      break;
    case QuarantineWay::copy:
      spdlog::info(
          "the quarantine folder {} of {} lies on another mount: files are copied to it, verified "
          "and only then removed",
          place, path);
      break;
    case QuarantineWay::impossible:
      trouble = place +
                " lies on another mount than the folder it is in, so no file can be moved there; "
                "name a folder in the setting `quarantine`, then files are copied to it";
      break;
  }
  if (status_.set_trouble("quarantine of " + path, trouble) && !trouble.empty()) warn(trouble);
}

// No file moves by a catalog that is not whole, or may not be.
void Daemon::Implementation::update_pause() {
  intake_.set_paused(is_paused_ || !has_first_pass_);
  mover_.set_paused(is_paused_ || !has_first_pass_ || is_rebuilding_ ||
                    keeper_.must_check_before_moves());
}

void Daemon::Implementation::something_ended() {
  sync_.wake();
  if (!status_timer_.active()) status_timer_.start(status_delay);
}

void Daemon::Implementation::update_manager_status() {
  manager_.set_status(std::string(name_of(status_.state())) + ", " + std::to_string(index_.size()) +
                      " originals");
}

void Daemon::Implementation::reload() {
  config::Settings settings = read_settings_();
  const bool is_other_model = model_has_changed(settings, pool_settings_);
  if (settings == settings_ && !is_other_model) {
    spdlog::info("reloaded: nothing has changed");
    return;
  }
  if (!is_other_model && !needs_new_daemon(settings_, settings)) {
    settings_ = settings;
    set_log_level(settings_.log_level);
    judge_.set_policy(policy_of(settings_), limits_);
    spdlog::info("reloaded");
    return;
  }
  manager_.reloading();
  spdlog::info("reloading: the watched folders are taken up anew");
  new_settings_ = std::move(settings);
  reload_timer_.start(reload_delay);
}

void Daemon::Implementation::stop() {
  spdlog::info("stopping");
  new_settings_.reset();
  manager_.stopping();
  commands_.shut_down();
  loop_.stop();
}

RunEnd Daemon::Implementation::run() {
  loop_.defer([this] {
    recover();
    if (is_rebuilding_) {
      const std::string words = rebuilding_words(catalog_);
      status_.set_trouble("catalog", words);
      warn("the catalog " + words);
    }
    load_index();
  });
  loop_.run();
  publisher_.flush();
  keeper_.finish();
  return new_settings_ ? RunEnd::reload : RunEnd::stopped;
}

Daemon::Daemon(const config::Settings& settings, ReadSettings read_settings, bool is_paused)
    : implementation_(
          std::make_unique<Implementation>(settings, std::move(read_settings), is_paused)) {}
Daemon::~Daemon() = default;

RunEnd Daemon::run() { return implementation_->run(); }

bool Daemon::is_paused() const { return implementation_->is_paused(); }

const std::optional<config::Settings>& Daemon::new_settings() const {
  return implementation_->new_settings();
}

}  // namespace imgdedup::daemon
