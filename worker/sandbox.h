// SPDX-License-Identifier: Apache-2.0
// A worker process gives up every right that hashing does not need.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "worker/sandbox_layers.h"

namespace imgdedup::worker {

/// Shuts this process in for good: no new privileges, Landlock with an empty rule set (no file can
/// be opened by name, no socket of the network used, no process outside signalled), and a list of
/// the few system calls that reading a passed descriptor, computing and answering take. Anything
/// else is refused, or ends the process where no library has a reason to try. Nothing may be loaded
/// or opened later: call warm_codecs() before. Does not throw: what did not take hold is missing in
/// the result.
///
/// Builds with the address or thread sanitizer leave the system call list out, which those need.
SandboxLayers enter_sandbox();

/// In the order of sandbox_probe_names.
enum class SandboxProbe : std::uint8_t {
  open_file,
  create_file,
  file_status,
  network_socket,
  local_socket,
  execute,
  fork,
  trace_parent,
  signal_parent,
  executable_memory,
};
std::optional<SandboxProbe> sandbox_probe_from_name(std::string_view name);

/// Tries it. Why it was refused, or nothing if it went through; may end the process (SIGSYS).
std::optional<std::string> try_from_inside(SandboxProbe probe);

}  // namespace imgdedup::worker
