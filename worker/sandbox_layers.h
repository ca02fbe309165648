// SPDX-License-Identifier: Apache-2.0
// Which layers of a worker's sandbox took hold, and what is tried against them: known to both
// sides.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace imgdedup::worker {

/// Whether a worker that could not shut itself in completely may work all the same.
enum class SandboxRule : std::uint8_t { required, best_effort };

struct SandboxLayers {
  bool no_new_privileges = false;
  bool landlock = false;            ///< no files by name
  bool system_call_filter = false;  ///< seccomp

  [[nodiscard]] bool complete() const {
    return no_new_privileges && landlock && system_call_filter;
  }
  bool operator==(const SandboxLayers&) const = default;
};

/// What a worker that was taken over would try first; `imgdedup-worker --sandbox-probe=NAME` shuts
/// itself in, says what is missing, and tries it.
inline constexpr std::string_view sandbox_probe_option = "--sandbox-probe=";
inline constexpr std::array<std::string_view, 10> sandbox_probe_names{
    "open",   "create", "stat",   "socket-inet", "socket-unix",
    "execve", "fork",   "ptrace", "kill",        "mmap-exec"};

/// "" when complete, else such as "Landlock, the system call filter".
inline std::string missing_from(const SandboxLayers& layers) {
  std::string missing;
  const auto add = [&missing](bool is_there, const char* name) {
    if (!is_there) missing += (missing.empty() ? "" : ", ") + std::string(name);
  };
  add(layers.no_new_privileges, "no_new_privs");
  add(layers.landlock, "Landlock");
  add(layers.system_call_filter, "the system call filter (seccomp)");
  return missing;
}

}  // namespace imgdedup::worker
