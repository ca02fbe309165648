// SPDX-License-Identifier: Apache-2.0
// The real imgdedupd in a directory of its own, driven through its socket.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/client.h"
#include "support/temporary_directory.h"

namespace imgdedup::testing {

/// What a program printed and how it ended.
struct ProgramResult {
  int exit_status = 0;  ///< 128 + signal when a signal ended it
  std::string output;
  std::string errors;
};
/// Runs a program to its end; killed after a minute.
ProgramResult run_program(const std::vector<std::string>& command,
                          const std::map<std::string, std::string>& environment = {});

/// Settings as YAML, started, asked, killed. All waiting has a deadline; when one passes the
/// exception carries the service's log.
class Service {
 public:
  /// Watches `root()` unless `watch_yaml` says otherwise. `more_yaml`: further top-level settings.
  explicit Service(std::string more_yaml = "", std::string watch_yaml = "");
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  [[nodiscard]] std::filesystem::path root() const { return directory_ / "photos"; }
  [[nodiscard]] std::filesystem::path base() const { return directory_.path(); }
  [[nodiscard]] std::filesystem::path socket() const { return directory_ / "control.sock"; }
  [[nodiscard]] std::filesystem::path settings_path() const {
    return directory_ / "imgdedupd.yaml";
  }
  [[nodiscard]] std::filesystem::path duplicates_log() const {
    return directory_ / "duplicates.jsonl";
  }
  [[nodiscard]] std::filesystem::path catalog() const { return directory_ / "catalog.sqlite3"; }
  [[nodiscard]] pid_t pid() const { return pid_; }

  void write_settings(const std::string& more_yaml, const std::string& watch_yaml = "");
  /// A command that runs the service as its last arguments say, in its own process.
  void run_through(std::vector<std::string> command) { command_before_ = std::move(command); }
  /// Returns when the socket answers. `environment` is added to the test's own.
  void start(const std::map<std::string, std::string>& environment = {});
  /// Starts it and returns at once, for a service that is expected to end by itself.
  void start_unanswered(const std::map<std::string, std::string>& environment = {});
  /// SIGTERM and wait; its exit status.
  int stop();
  /// SIGKILL and wait.
  void kill();
  /// Waits for it to end by itself; its exit status, 128 + signal.
  int wait_for_end();
  [[nodiscard]] bool is_running();

  protocol::Json call(std::string_view method,
                      const protocol::Json& params = protocol::Json::object());
  /// All items of a listing.
  std::vector<protocol::Json> list(std::string_view method,
                                   const protocol::Json& params = protocol::Json::object());
  void sync(std::chrono::seconds timeout = std::chrono::seconds(60));
  /// imgdedupctl with this service's socket.
  ProgramResult ctl(std::vector<std::string> arguments);

  [[nodiscard]] std::vector<protocol::Json> log_lines() const;
  [[nodiscard]] std::string service_log() const;
  /// "relation path < original" of every decision in force, names below root(), sorted.
  std::vector<std::string> decisions();

 private:
  void launch(const std::map<std::string, std::string>& environment);

  TemporaryDirectory directory_;
  std::vector<std::string> command_before_;
  pid_t pid_ = -1;
};

/// Calls `condition` until it is true; throws with `what` when the deadline passes.
void wait_until(const std::function<bool()>& condition, std::string_view what,
                std::chrono::seconds timeout = std::chrono::seconds(30));

/// $IMGDEDUP_TEST_DATA, or empty after saying that a test is skipped.
std::filesystem::path test_data(std::string_view what);

}  // namespace imgdedup::testing
