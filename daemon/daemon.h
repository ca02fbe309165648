// SPDX-License-Identifier: Apache-2.0
// The service: its parts, wired together.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/settings.h"
#include "daemon/event/line_server.h"
#include "protocol/json.h"

namespace imgdedup::daemon {

/// Why run() came back.
enum class RunEnd : std::uint8_t {
  stopped,  ///< SIGTERM or SIGINT
  reload,   ///< there are new settings that need a new Daemon
};

/// A client that has asked for `reload` and waits until the settings are in force, or refused.
struct WaitingReload {
  event::ReleasedConnection connection;
  protocol::Json request_id;
};

/// What one life of the service leaves to the next.
struct Legacy {
  bool is_paused = false;  ///< by its owner
  std::vector<WaitingReload> reloads;
  /// Why the settings of the file are not those of this life; empty: they are.
  std::string settings_problem;
};

/// One life of the service with one set of settings. All that changes belongs to the thread that
/// calls run(). Work in flight when it ends is dropped: the catalog still says that it waits.
class Daemon {
 public:
  /// Reads and checks the settings once more; throws std::runtime_error naming every problem.
  using ReadSettings = std::function<config::Settings()>;

  /// Opens catalog and socket. Throws StoreError, std::system_error, std::runtime_error: another
  /// instance, no right to a folder, no worker program.
  Daemon(const config::Settings& settings, ReadSettings read_settings);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  /// Before run().
  void take_over(Legacy legacy);
  /// Watches, judges and answers until it is told to stop. Throws StoreError when the catalog
  /// breaks.
  RunEnd run();
  /// The settings that a reload asked for; set when run() gave RunEnd::reload.
  [[nodiscard]] const std::optional<config::Settings>& new_settings() const;
  /// After run(), once.
  [[nodiscard]] Legacy leave();

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace imgdedup::daemon
