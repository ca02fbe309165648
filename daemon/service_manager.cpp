// SPDX-License-Identifier: Apache-2.0
// What systemd is told, and the watchdog it keeps.
#include "daemon/service_manager.h"

#include <time.h>

#include <systemd/sd-daemon.h>

namespace imgdedup::daemon {

ServiceManager::ServiceManager() {
  std::uint64_t watchdog_us = 0;
  if (::sd_watchdog_enabled(0, &watchdog_us) > 0)
    watchdog_interval_ = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::microseconds(watchdog_us / 2));
}

void ServiceManager::ready() { ::sd_notify(0, "READY=1"); }

void ServiceManager::reloading() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const auto microseconds = std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
  ::sd_notify(0, ("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(microseconds)).c_str());
}

void ServiceManager::stopping() { ::sd_notify(0, "STOPPING=1"); }

void ServiceManager::set_status(const std::string& text) {
  if (text == last_status_) return;
  last_status_ = text;
  ::sd_notify(0, ("STATUS=" + text).c_str());
}

void ServiceManager::feed_watchdog() { ::sd_notify(0, "WATCHDOG=1"); }

}  // namespace imgdedup::daemon
