// SPDX-License-Identifier: Apache-2.0
// How a worker process is called, and what it does to itself before its first job.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace imgdedup::worker {

/// The number under which a worker finds its channel.
inline constexpr int worker_channel_descriptor = 3;

/// The arguments, program first, with which the asking side starts a worker.
std::array<std::string, 3> serve_arguments(const std::string& path, std::uint64_t memory_bytes);

/// The memory limit in bytes, if these are the arguments (program first) of serve_arguments().
std::optional<std::uint64_t> memory_limit_of(std::span<char* const> arguments);

/// Limits memory (RLIMIT_AS), descriptors and core files; asks for SIGKILL when the asking process
/// ends; steps back behind everything else in scheduling; offers itself first to the kernel's
/// out-of-memory killer. Throws std::system_error when a limit cannot be set; the last two are best
/// effort. Builds with the address or thread sanitizer do not limit memory, for they map terabytes.
void set_up_worker_process(std::uint64_t memory_bytes);

}  // namespace imgdedup::worker
