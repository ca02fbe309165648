// SPDX-License-Identifier: Apache-2.0
// A worker process gives up every right that hashing does not need.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string_view>

#include "worker/sandbox_layers.h"

namespace imgdedup::worker {

/// Shuts this process in for good: no new privileges, Landlock with an empty rule set (no file can
/// be opened by name, no socket of the network used, no process outside signalled), limits, and a
/// list of the few system calls that reading a passed descriptor, computing and answering over
/// `channel` take. Of the rest, what a library may try and can do without is refused (EPERM); any
/// other call ends the process (SIGSYS). Nothing may be loaded or opened later: call warm_codecs()
/// before. Does not throw: what did not take hold is missing in the result.
///
/// Builds with the address or thread sanitizer have no sandbox, for a sanitizer opens files and
/// starts threads as it likes: there this does nothing and calls every layer there.
SandboxLayers enter_sandbox(int channel);

/// In the order of sandbox_probe_names.
enum class SandboxProbe : std::uint8_t {
  open_file,
  create_file,
  file_status,
  network_socket,
  local_socket,
  execute,
  fork,
  thread,
  trace_parent,
  signal_parent,
  executable_memory,
  map_file,  ///< the one that standard input is
  io_uring,
  other_abi,  ///< a call by the numbers of another ABI of this processor
};
std::optional<SandboxProbe> sandbox_probe_from_name(std::string_view name);

/// Tries it. The error (errno) that it met, or nothing if it went through; may end the process
/// (SIGSYS). parent: the process that started this one.
std::optional<int> try_from_inside(SandboxProbe probe, pid_t parent);

}  // namespace imgdedup::worker
