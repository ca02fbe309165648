// SPDX-License-Identifier: Apache-2.0
// The life of the service: recovery, the first pass, pauses, reload, the end.
#include "daemon/daemon.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "daemon/catalog_rebuilding.h"
#include "daemon/daemon_implementation.h"
#include "daemon/log.h"
#include "daemon/pool_settings.h"
#include "daemon/quarantine_mount.h"
#include "daemon/settings_check.h"
#include "daemon/settings_use.h"
#include "protocol/utf8.h"
#include "store/hidden_source.h"
#include "store/quarantine.h"

namespace imgdedup::daemon {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds status_delay{1000};
// So that the answer to `reload` leaves before the socket goes.
constexpr milliseconds reload_delay{100};
// No further move begins meanwhile, and one is over soon.
constexpr milliseconds recovery_delay{200};

std::string join(const std::vector<store::DecisionId>& ids) {
  std::string text;
  for (const store::DecisionId id : ids) text += (text.empty() ? "" : ", ") + std::to_string(id);
  return text;
}

/// Mistakes in the settings come a line each.
std::string in_one_line(std::string text) {
  for (std::size_t end = 0; (end = text.find('\n', end)) != std::string::npos;)
    text.replace(end, 1, "; ");
  return text;
}

}  // namespace

void Daemon::Implementation::warn(const std::string& message) {
  spdlog::warn("{}", protocol::readable_text(message));
  status_.set_last_error(message);
}

// No error, so status does not show it.
void Daemon::Implementation::tell_doubts() {
  for (const std::string& doubt : doubts_about(settings_)) spdlog::warn("{}", doubt);
}

void Daemon::Implementation::look_at_workers() {
  auto troubles = status_.troubles_with_workers();
  if (troubles == worker_troubles_) return;
  worker_troubles_ = std::move(troubles);
  for (const std::string& trouble : worker_troubles_) warn(trouble);
}

store::WatchedPlace Daemon::Implementation::place_of(const std::string& path) const {
  const Root* root = roots_.holding(path);
  return root ? store::WatchedPlace{root->settings.path, !root->is_online()}
              : store::WatchedPlace{};
}

// The folder was renamed while the service was down.
void Daemon::Implementation::found_hidden(const std::string& path) {
  if (mover_.has_move_in_hand() || restorer_.has_return_in_hand()) return;
  switch (store::show_hidden_source(catalog_, place_of(path), path)) {
    case store::HiddenSource::shown:
      spdlog::info("{}: has its name again, which a move that was broken off took from it",
                   protocol::readable_text(path));
      return;
    case store::HiddenSource::waits:
      return;
    case store::HiddenSource::unknown:
      if (told_problems_.insert(path).second)
        warn(path +
             ": left by a move or a restore that was broken off, and unknown to the catalog; look "
             "at it, and rename or remove it");
      return;
  }
}

void Daemon::Implementation::recover() {
  // What the journal says of a move under way is not what a crash left behind.
  recovery_waits_ = mover_.has_move_in_hand() || restorer_.has_return_in_hand();
  if (has_first_pass_) update_pause();
  if (recovery_waits_) {
    recovery_timer_.start(recovery_delay);
    return;
  }
  const store::RecoveryReport report =
      store::recover_quarantine(catalog_, roots_.quarantine_directories(),
                                [this](const std::string& path) { return place_of(path); });
  moves_wait_ = report.waiting > 0;
  catalog_.reserve_decision_ids(report.highest_id);
  if (!report.undone.empty())
    spdlog::info("put back from quarantine what the last run had not finished moving: {}",
                 join(report.undone));
  if (!report.restored.empty())
    spdlog::info("brought back from quarantine what the last run had not finished restoring: {}",
                 join(report.restored));
  if (!report.kept.empty())
    warn("left in quarantine, for they cannot go back: " + join(report.kept));
  if (!report.adopted.empty())
    warn("found in quarantine, unknown to the catalog, and taken into it: " + join(report.adopted));
  if (!report.found_elsewhere.empty())
    spdlog::info("found in another quarantine folder than before: {}",
                 join(report.found_elsewhere));
  // Some stay for as long as nobody does anything about them.
  for (const std::string& problem : report.problems)
    if (told_problems_.insert(problem).second) warn("quarantine: " + problem);
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
  access_check_.look();
  // What kept these from being read may have been put right.
  refused_again_.start({matching::RefusalReason::unreadable, matching::RefusalReason::over_limit});
  reconciler_.start_pass([this] { first_pass_ended(); });

  manager_.ready();
  update_manager_status();
  tell_doubts();
  spdlog::info("ready: {} hashes, socket {}", index_.size(), settings_.socket.path);
  commands_.end_reloads(settings_problem_);
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
  // What was refused before may be allowed now.
  if (std::exchange(had_access_warnings_, !access.warnings.empty()) && has_first_pass_) {
    refused_again_.start({matching::RefusalReason::unreadable});
    reconciler_.start_pass();
    mover_.carry_out_all();
  }
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
  mover_.set_paused(is_paused_ || !has_first_pass_ || is_rebuilding_ || recovery_waits_ ||
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

ReloadEnd Daemon::Implementation::reload() {
  config::Settings settings;
  try {
    settings = read_settings_();
  } catch (const std::runtime_error& error) {
    const std::string why = in_one_line(error.what());
    warn("the settings stay as they were: " + why);
    status_.set_trouble("settings", why);
    throw;
  }
  status_.set_trouble("settings", "");
  const bool is_other_model = model_has_changed(settings, pool_settings_);
  if (is_other_model || needs_new_daemon(settings_, settings)) {
    manager_.reloading();
    spdlog::info("reloading: the watched folders are taken up anew");
    new_settings_ = std::move(settings);
    reload_timer_.start(reload_delay);
    return ReloadEnd::taken_up_anew;
  }
  // The file of a moment ago may have asked for more.
  if (std::exchange(new_settings_, std::nullopt)) {
    reload_timer_.stop();
    manager_.ready();
  }
  if (settings == settings_) {
    access_check_.look();
    spdlog::info("reloaded: nothing has changed");
  } else {
    settings_ = settings;
    set_log_level(settings_.log_level);
    judge_.set_policy(policy_of(settings_), limits_);
    mover_.carry_out_all();
    access_check_.use(settings_);
    tell_doubts();
    spdlog::info("reloaded");
  }
  commands_.end_reloads("");
  return ReloadEnd::in_force;
}

void Daemon::Implementation::take_over(Legacy legacy) {
  is_paused_ = legacy.is_paused;
  status_.set_paused(is_paused_);
  settings_problem_ = std::move(legacy.settings_problem);
  status_.set_trouble("settings", settings_problem_);
  if (!settings_problem_.empty()) status_.set_last_error("settings: " + settings_problem_);
  commands_.take_over(std::move(legacy.reloads));
}

Legacy Daemon::Implementation::leave() { return {is_paused_, commands_.hand_over(), {}}; }

void Daemon::Implementation::feed_watchdog() {
  reconciler_.watches().ping([this] { manager_.feed_watchdog(); });
}

void Daemon::Implementation::stop() {
  spdlog::info("stopping");
  new_settings_.reset();
  manager_.stopping();
  commands_.shut_down();
  loop_.stop();
}

RunEnd Daemon::Implementation::run() {
  // The life before may have fed it long ago, and the indexes of a large catalog take their time.
  if (const auto interval = manager_.watchdog_interval()) {
    feed_watchdog();
    watchdog_timer_.start_repeating(*interval);
  }
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

Daemon::Daemon(const config::Settings& settings, ReadSettings read_settings)
    : implementation_(std::make_unique<Implementation>(settings, std::move(read_settings))) {}
Daemon::~Daemon() = default;

void Daemon::take_over(Legacy legacy) { implementation_->take_over(std::move(legacy)); }

RunEnd Daemon::run() { return implementation_->run(); }

Legacy Daemon::leave() { return implementation_->leave(); }

const std::optional<config::Settings>& Daemon::new_settings() const {
  return implementation_->new_settings();
}

}  // namespace imgdedup::daemon
