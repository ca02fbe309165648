// SPDX-License-Identifier: Apache-2.0
// The watched roots as they are now: settings, whether they are there, how they are looked at.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.h"
#include "daemon/directory_tree.h"
#include "daemon/path_filter.h"

namespace imgdedup::daemon {

enum class RootMode : std::uint8_t { events, polling, offline };

struct Root {
  config::WatchedRoot settings;
  std::shared_ptr<const PathFilter> filter;
  RootMode mode = RootMode::offline;
  std::string error;  ///< why it is offline, or what is wrong with it; empty: nothing
  NodeId node = 0;    ///< 0 exactly while offline
  std::uint64_t directories = 0;
  std::uint64_t polled_directories = 0;
  std::uint64_t lost_events = 0;
  std::optional<std::chrono::system_clock::time_point> last_reconcile;

  [[nodiscard]] bool is_online() const { return mode != RootMode::offline; }
};

/// In the order of the settings. Loop thread only.
class Roots {
 public:
  explicit Roots(const std::vector<config::WatchedRoot>& settings);

  [[nodiscard]] std::vector<Root>& all() { return roots_; }
  [[nodiscard]] const std::vector<Root>& all() const { return roots_; }
  /// The root that holds `path`; nullptr if none does.
  [[nodiscard]] const Root* holding(std::string_view path) const;
  [[nodiscard]] bool is_online(std::string_view path) const;
  [[nodiscard]] bool any_offline() const;
  /// Of the settings, and those that they named before.
  [[nodiscard]] std::vector<std::string> quarantine_directories() const;
  /// What lies there is in quarantine, though the settings name other folders now.
  void remember_quarantine_directories(const std::vector<std::string>& directories);

 private:
  std::vector<Root> roots_;
  std::vector<std::string> earlier_quarantine_directories_;
};

/// "/r/a/b" below "/r" -> "a/b"; the root itself -> "".
std::string relative_to(const Root& root, std::string_view path);

}  // namespace imgdedup::daemon
