// SPDX-License-Identifier: Apache-2.0
// The result of `status`.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/json.h"
#include "protocol/time_text.h"

namespace imgdedup::protocol {

enum class ServiceState : std::uint8_t { starting, scanning, idle, paused, degraded };

/// "starting", "scanning", "idle", "paused", "degraded".
std::string_view name_of(ServiceState state);
std::optional<ServiceState> service_state_from_name(std::string_view name);

/// How changes below a root are noticed; offline: the root is not there, its rows are kept.
enum class RootMode : std::uint8_t { events, polling, offline };

/// "events", "polling", "offline".
std::string_view name_of(RootMode mode);
std::optional<RootMode> root_mode_from_name(std::string_view name);

struct RootReport {
  std::string path;  ///< bytes
  RootMode mode = RootMode::events;
  std::uint64_t images = 0;
  std::uint64_t directories = 0;
  std::uint64_t polled_directories = 0;  ///< of `directories`, those without an event watch
  std::optional<Time> last_reconcile;    ///< end of the last complete comparison
  std::uint64_t lost_events = 0;         ///< times that events of this root were lost or may be
  std::optional<std::string> error;

  bool operator==(const RootReport&) const = default;
};

struct QuarantinedCounts {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::uint64_t orphans = 0;  ///< of `files`, those that are the last copy of their content

  bool operator==(const QuarantinedCounts&) const = default;
};

struct IndexReport {
  std::uint64_t hashes = 0;
  std::uint64_t features = 0;       ///< pictures that can be found by their features
  std::uint64_t feature_bytes = 0;  ///< memory that finding them takes
  std::uint64_t embeddings = 0;     ///< pictures that can be found by what a network makes of them
  std::uint64_t embedding_bytes = 0;  ///< memory that finding them takes
  double build_seconds = 0;           ///< of all, at start

  bool operator==(const IndexReport&) const = default;
};

struct SandboxReport {
  bool required = true;  ///< false: the setting `sandbox` is best-effort
  /// Layers that the workers do without; nothing before the first worker was started.
  std::optional<std::vector<std::string>> missing;

  bool operator==(const SandboxReport&) const = default;
};

struct StatusReport {
  std::string version;
  ServiceState state = ServiceState::starting;
  std::int64_t pid = 0;
  double uptime_seconds = 0;
  std::uint64_t images = 0;    ///< files that are images and have a content
  std::uint64_t contents = 0;  ///< distinct contents among them
  std::uint64_t bytes = 0;     ///< of all these files
  /// Files seen whose decision is still to come, and contents that have to be measured again.
  std::uint64_t pending = 0;
  std::uint64_t incomplete = 0;
  std::uint64_t unreadable = 0;
  std::uint64_t poison = 0;  ///< of `unreadable`, those that failed a worker twice
  double images_per_second = 0;
  std::uint64_t memory_bytes = 0;  ///< resident, of the service itself
  std::vector<RootReport> roots;
  std::array<std::uint64_t, 4> duplicates{};  ///< standing or quarantined, by matching::Relation
  QuarantinedCounts quarantined;
  IndexReport index;
  SandboxReport sandbox;
  std::optional<std::string> last_error;
  std::optional<Time> last_error_at;  ///< when it came up; there if last_error is
  std::uint64_t watches = 0;
  std::uint64_t watch_failures = 0;
  std::uint64_t watch_repairs = 0;  ///< found gone without a word, and set again
  std::uint64_t overflows = 0;
  std::uint64_t reconciles = 0;
  std::optional<std::int64_t> last_reconcile_ms;  ///< how long the last one took
  std::uint64_t queue_dirs = 0;
  std::uint64_t queue_files = 0;
  std::uint64_t inflight = 0;
  std::uint64_t moves_done = 0;
  std::uint64_t moves_undone = 0;
  std::uint64_t moves_failed = 0;
  /// Of the service's own log: nobody read them in time.
  std::uint64_t log_lines_dropped = 0;
  std::vector<std::string> degraded;  ///< "watch-limit: ...": a word, a colon, what to do

  bool operator==(const StatusReport&) const = default;
};

void to_json(Json& json, const RootReport& report);
void from_json(const Json& json, RootReport& report);
void to_json(Json& json, const StatusReport& report);
/// Throws Json::exception when a member is missing or of another kind.
void from_json(const Json& json, StatusReport& report);

}  // namespace imgdedup::protocol
