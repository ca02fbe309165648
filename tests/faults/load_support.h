// SPDX-License-Identifier: Apache-2.0
// What the tests of load share: many small files of every sort, and what the service costs
// meanwhile.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "end_to_end/service.h"

namespace imgdedup::testing {

/// The number of $`name`; `otherwise` if it is not set. For the sizes of loads: by hand they may be
/// larger than in every run of the tests.
std::size_t size_from_environment(const char* name, std::size_t otherwise);

/// Tiny but real pictures, each from its number.
std::vector<std::string> tiny_pictures(std::size_t count);

/// How many files of each sort.
struct LoadCounts {
  std::size_t pictures = 0;  ///< copies of the tiny pictures: digested and decided each
  std::size_t links = 0;     ///< further names of one of them
  std::size_t cut = 0;       ///< pictures without their end, each other bytes: cannot be read
  std::size_t others = 0;    ///< no pictures, each other bytes
  [[nodiscard]] std::size_t all() const { return pictures + links + cut + others; }
};

/// Writes `files` files into `directories` directories below `root`. Of ten, three are pictures,
/// one is cut off, three are links and three are no pictures: every way that a file can go is gone.
LoadCounts write_load(const std::filesystem::path& root, std::size_t directories, std::size_t files,
                      const std::vector<std::string>& pictures);

/// What a process holds.
struct ProcessFigures {
  std::size_t resident_kib = 0;
  std::size_t peak_kib = 0;  ///< VmHWM
  std::size_t descriptors = 0;
};
/// All zero if it is not there (any more).
ProcessFigures figures_of(pid_t pid);
/// Processes whose parent it is.
std::vector<pid_t> children_of(pid_t pid);

/// Asks for the `status` every 20 ms on a thread and a connection of its own, and looks at the
/// memory of the service and its workers, from its making to stop().
class StatusWatch {
 public:
  explicit StatusWatch(const Service& service);
  ~StatusWatch();
  StatusWatch(const StatusWatch&) = delete;
  StatusWatch& operator=(const StatusWatch&) = delete;

  struct Figures {
    std::size_t calls = 0;
    std::size_t failures = 0;  ///< refused, broken off
    double p50_ms = 0;
    double p99_ms = 0;
    double longest_ms = 0;
    /// How late a thread of the test woke from its pause meanwhile, p99: what the machine itself
    /// made everybody wait.
    double machine_p99_ms = 0;
    double daemon_peak_mib = 0;  ///< VmHWM of the daemon
    double all_peak_mib = 0;     ///< of the sums of daemon and workers, resident
    std::size_t most_descriptors = 0;
  };
  /// Ends the thread.
  Figures stop();

 private:
  void run();
  void look_at_processes();

  std::string socket_;
  pid_t pid_;
  std::atomic<bool> is_over_{false};
  std::vector<double> answers_ms_;
  std::vector<double> late_ms_;
  Figures figures_;
  std::thread thread_;
};
/// "status p50 0.6 ms, p99 7 ms, ..."
std::string to_text(const StatusWatch::Figures& figures);
/// Checks that the p99 of `status` is below 100 ms, plus what the machine itself made wait.
void check_answers(const StatusWatch::Figures& figures);

}  // namespace imgdedup::testing
