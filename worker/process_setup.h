// SPDX-License-Identifier: Apache-2.0
// How a worker process is called, and what it does to itself before its first job.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "matching/embedding_parameters.h"
#include "worker/sandbox_layers.h"

namespace imgdedup::worker {

/// The number under which a worker finds its channel.
inline constexpr int worker_channel_descriptor = 3;
/// The number under which it finds the open file of its network, if it is to have one.
inline constexpr int worker_model_descriptor = 4;

/// What a worker is told when it is started.
struct ServeArguments {
  std::uint64_t memory_bytes = 0;  ///< RLIMIT_AS
  SandboxRule sandbox = SandboxRule::required;
  /// Present: it is to have a network.
  std::optional<matching::EmbeddingParameters> embedding = {};

  bool operator==(const ServeArguments&) const = default;
};

/// The arguments, program first, with which the asking side starts a worker.
std::vector<std::string> to_command_line(const std::string& path, const ServeArguments& arguments);

/// Back, if these are the arguments (program first) of to_command_line().
std::optional<ServeArguments> serve_arguments_from(std::span<char* const> command_line);

/// Limits memory (RLIMIT_AS), descriptors and core files; asks for SIGKILL when the asking process
/// ends; steps back behind everything else in scheduling; offers itself first to the kernel's
/// out-of-memory killer. Throws std::system_error when a limit cannot be set; the last two are best
/// effort. Builds with the address or thread sanitizer do not limit memory, for they map terabytes.
void set_up_worker_process(std::uint64_t memory_bytes);

}  // namespace imgdedup::worker
