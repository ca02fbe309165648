// SPDX-License-Identifier: Apache-2.0
// What systemd is told, and the watchdog it keeps.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace imgdedup::daemon {

/// sd_notify(3); does nothing when the service was not started by systemd. Any thread.
class ServiceManager {
 public:
  ServiceManager();

  void ready();
  void reloading();
  void stopping();
  /// One line for `systemctl status`; the same line again is not sent.
  void set_status(const std::string& text);
  /// The service lives: to be said at least every watchdog_interval().
  void feed_watchdog();
  /// Half of WatchdogSec; empty when there is no watchdog.
  [[nodiscard]] std::optional<std::chrono::milliseconds> watchdog_interval() const {
    return watchdog_interval_;
  }

 private:
  std::optional<std::chrono::milliseconds> watchdog_interval_;
  std::string last_status_;
};

}  // namespace imgdedup::daemon
