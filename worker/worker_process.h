// SPDX-License-Identifier: Apache-2.0
// One worker process seen from the asking side: started, spoken to, killed, reaped.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "matching/embedding_parameters.h"
#include "posix/unique_descriptor.h"
#include "worker/sandbox_layers.h"

namespace imgdedup::worker {

/// How a process ended.
struct ProcessEnd {
  enum class Kind : std::uint8_t { exited, killed, unknown };
  Kind kind = Kind::unknown;
  int code = 0;  ///< exit status or signal number
};

/// "was killed by signal 11 (SIGSEGV)", "ended with status 3".
std::string describe(const ProcessEnd& end);

struct WorkerProcessSettings {
  std::string path;                ///< the program
  std::uint64_t memory_bytes = 0;  ///< its RLIMIT_AS
  SandboxRule sandbox = SandboxRule::required;
  std::uint64_t max_pixels = 0;  ///< OpenCV's own limit, which it reads when it is loaded
  int model_descriptor = -1;     ///< open file of its network; -1: it has none
  matching::EmbeddingParameters embedding = {};  ///< of that network
};

/// Owns the process, its channel and the pipe that is its standard error. The process has an empty
/// environment, no other descriptor, and a process group of its own, so that Ctrl-C at a terminal
/// does not reach it. It ends when the channel closes or when the thread that started it ends.
/// One thread only.
class WorkerProcess {
 public:
  /// Throws std::system_error naming the program when it cannot be started.
  explicit WorkerProcess(const WorkerProcessSettings& settings);
  /// Kills and reaps; waits for that, but not longer than one second (a process that hangs in an
  /// unreachable file system cannot be killed at once).
  ~WorkerProcess();
  WorkerProcess(WorkerProcess&& other) noexcept;
  WorkerProcess& operator=(WorkerProcess&&) = delete;
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  /// The asking end of the channel; -1 after close_channel().
  [[nodiscard]] int channel() const { return channel_.get(); }
  /// Polls readable when the process has ended.
  [[nodiscard]] int process_descriptor() const { return process_.get(); }
  [[nodiscard]] pid_t process_id() const { return process_id_; }

  /// Asks it to end: it sees the end of its channel.
  void close_channel() { channel_.reset(); }
  /// SIGKILL; harmless when it has ended.
  void kill();
  /// How it ended, once it has and ever after. Does not wait.
  std::optional<ProcessEnd> try_reap();

  /// Takes what waits on the process's standard error and keeps the end of it. Never waits. The
  /// pipe holds at most 64 KiB and the process never waits for it either: what does not fit is
  /// lost, so a chatty one costs nobody anything.
  void drain_standard_error();
  /// The last line it wrote there, printable ASCII, at most 200 bytes; may be empty.
  [[nodiscard]] std::string last_words() const;

 private:
  posix::UniqueDescriptor channel_;
  posix::UniqueDescriptor standard_error_;
  posix::UniqueDescriptor process_;
  pid_t process_id_ = -1;
  std::optional<ProcessEnd> end_;
  std::string standard_error_tail_;
};

}  // namespace imgdedup::worker
