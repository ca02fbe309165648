// SPDX-License-Identifier: Apache-2.0
// How much memory jobs may take together.
#pragma once

#include <algorithm>
#include <cstdint>

namespace imgdedup::worker {

/// What a worker takes that has no job, beside the libraries, which all share.
inline constexpr std::uint64_t idle_worker_bytes = std::uint64_t{32} << 20;
/// What every job may take without asking: most files, and most pictures, need less.
inline constexpr std::uint64_t light_job_bytes = std::uint64_t{64} << 20;
/// Of all workers with their jobs: what stays below 1.2 GB with the libraries and the service
/// itself (tests h2-*), and suffices for the largest file that limits.file_bytes lets in by
/// default.
inline constexpr std::uint64_t least_budget_bytes = std::uint64_t{1088} << 20;

/// Pure arithmetic.
class MemoryBudget {
 public:
  /// worker_memory_bytes: what one worker may map; who gives it more wants larger pictures read.
  /// Every worker has room for a light job in any case.
  MemoryBudget(unsigned worker_count, std::uint64_t worker_memory_bytes)
      : bytes_(std::max({least_budget_bytes, worker_memory_bytes / 2 + light_job_bytes,
                         worker_count * (idle_worker_bytes + light_job_bytes)})) {}

  /// Whether a job of `job_bytes` may begin where there are `workers`, its own included, and their
  /// jobs take `used_bytes`.
  [[nodiscard]] bool has_room(std::uint64_t workers, std::uint64_t used_bytes,
                              std::uint64_t job_bytes) const {
    return workers * idle_worker_bytes + used_bytes + job_bytes <= bytes_;
  }

  /// For one job, with no other worker there.
  [[nodiscard]] std::uint64_t most_for_one_job() const { return bytes_ - idle_worker_bytes; }

 private:
  std::uint64_t bytes_;
};

}  // namespace imgdedup::worker
