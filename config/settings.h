// SPDX-License-Identifier: Apache-2.0
// All settings of the service with their defaults, as values.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "matching/embedding_parameters.h"
#include "matching/policy.h"

namespace imgdedup::config {

/// One folder to watch. Paths are bytes.
struct WatchedRoot {
  std::string path;  ///< absolute, without a trailing slash, no "." or ".." parts
  bool recursive = true;
  bool protect = false;  ///< never move a file out of here; its files win as originals
  std::chrono::milliseconds poll_interval{0};  ///< > 0: list that often, no events
  std::vector<std::string> include;            ///< globs below the root; empty: everything
  std::vector<std::string> exclude{"*.part", "*.crdownload", "*.tmp", ".*"};
  std::string quarantine;  ///< absolute; as resolved: never empty after loading

  /// Its owner named a folder other than the usual one in the root itself.
  [[nodiscard]] bool has_own_quarantine() const {
    return quarantine != path + "/.imgdedup-quarantine";
  }
  bool operator==(const WatchedRoot&) const = default;
};

struct EmbeddingSettings {
  std::string model;  ///< path of an ONNX file; empty: off
  double min_similarity = 0.9;
  matching::EmbeddingParameters parameters;  ///< what the network was trained with

  bool operator==(const EmbeddingSettings&) const = default;
};

struct SocketSettings {
  std::string path = "/run/imgdedupd/control.sock";
  std::string group;  ///< members may change things; empty: only root and the service's user

  bool operator==(const SocketSettings&) const = default;
};

struct Limits {
  std::uint64_t max_file_bytes = std::uint64_t{1} << 30;
  std::uint64_t max_pixels = 500'000'000;
  std::uint64_t worker_memory_bytes = std::uint64_t{2} << 30;
  std::chrono::milliseconds worker_time{60'000};

  bool operator==(const Limits&) const = default;
};

/// Whether files are read where the workers cannot shut themselves in completely.
enum class SandboxRule : std::uint8_t { required, best_effort };

enum class LogLevel : std::uint8_t { trace, debug, info, warning, error };

struct Settings {
  std::vector<WatchedRoot> watch;
  matching::Policy policy;  ///< detect.near, detect.edited.enabled, actions, keep
  EmbeddingSettings embedding;
  std::chrono::milliseconds settle_time{500};
  std::chrono::milliseconds reconcile_interval{600'000};
  std::string catalog = "/var/lib/imgdedupd/catalog.sqlite3";
  std::string duplicates_log = "/var/lib/imgdedupd/duplicates.jsonl";
  SocketSettings socket;
  unsigned workers = 0;  ///< 0: one per core
  SandboxRule sandbox = SandboxRule::required;
  Limits limits;
  LogLevel log_level = LogLevel::info;

  bool operator==(const Settings&) const = default;
};

}  // namespace imgdedup::config
