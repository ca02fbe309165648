// SPDX-License-Identifier: Apache-2.0
// Which layers of a worker's sandbox took hold, and what is tried against them: known to both
// sides.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "matching/name_table.h"

namespace imgdedup::worker {

/// Whether a worker that could not shut itself in completely may work all the same.
enum class SandboxRule : std::uint8_t { required, best_effort };

inline constexpr matching::NameTable<SandboxRule, 2> sandbox_rules{{"required", "best-effort"}};
/// "required", "best-effort".
inline std::string_view name_of(SandboxRule rule) { return sandbox_rules.name_of(rule); }

struct SandboxLayers {
  bool no_new_privileges = false;
  bool landlock = false;            ///< no files by name
  bool system_call_filter = false;  ///< seccomp
  bool limits = false;              ///< rlimits: no file grows, no process is made

  static constexpr SandboxLayers all() { return {true, true, true, true}; }
  [[nodiscard]] bool complete() const { return *this == all(); }
  bool operator==(const SandboxLayers&) const = default;
};

/// By name, those that there are not.
inline std::vector<std::string_view> missing_layers(const SandboxLayers& layers) {
  std::vector<std::string_view> missing;
  if (!layers.no_new_privileges) missing.emplace_back("no_new_privs");
  if (!layers.landlock) missing.emplace_back("Landlock");
  if (!layers.system_call_filter) missing.emplace_back("seccomp");
  if (!layers.limits) missing.emplace_back("rlimits");
  return missing;
}

/// "" when complete, else such as "Landlock, seccomp".
inline std::string missing_from(const SandboxLayers& layers) {
  std::string text;
  for (const std::string_view name : missing_layers(layers))
    text.append(text.empty() ? "" : ", ").append(name);
  return text;
}

/// How a process that tried a probe ends.
enum class ProbeEnd : std::uint8_t {
  refused = 0,  ///< for want of the right
  went_through = 10,
  failed = 11,  ///< for another reason, which says nothing about the sandbox
};

/// What a worker that was taken over would try first; `imgdedup-worker --sandbox-probe=NAME` shuts
/// itself in, says what is missing, and tries it.
inline constexpr std::string_view sandbox_probe_option = "--sandbox-probe=";
inline constexpr std::array<std::string_view, 14> sandbox_probe_names{
    "open",   "create", "stat", "socket-inet", "socket-unix", "execve",   "fork",
    "thread", "ptrace", "kill", "mmap-exec",   "mmap-file",   "io_uring", "other-abi"};

}  // namespace imgdedup::worker
