// SPDX-License-Identifier: Apache-2.0
// A WorkerPool over the fake worker, driven by polling up to a deadline.
#pragma once

#include <fcntl.h>
#include <poll.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "support/temporary_directory.h"
#include "worker/worker_pool.h"

namespace imgdedup::testing {

inline posix::UniqueDescriptor open_for_reading(const std::filesystem::path& path) {
  return posix::UniqueDescriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

/// Settings with the fake worker and a short idle time off.
inline worker::WorkerPoolSettings fake_settings(unsigned worker_count) {
  worker::WorkerPoolSettings settings;
  settings.worker_path = FAKE_WORKER_PATH;
  settings.worker_count = worker_count;
  settings.idle_time = std::chrono::milliseconds(0);
  return settings;
}

/// Gives jobs whose file says what the fake worker is to do, and keeps the answers by name.
class PoolDriver {
 public:
  explicit PoolDriver(worker::WorkerPoolSettings settings) : pool(std::move(settings)) {}

  void submit(const std::string& name, const std::string& text, worker::JobTurn turn = {},
              worker::JobKind kind = worker::JobKind::fingerprint) {
    write_file(directory / name, text + "\n");
    submit_file(name, directory / name, turn, kind);
  }

  /// A job with the file at `path`, twice for a comparison.
  void submit_file(const std::string& name, const std::filesystem::path& path,
                   worker::JobTurn turn = {}, worker::JobKind kind = worker::JobKind::fingerprint) {
    std::vector<posix::UniqueDescriptor> files;
    files.push_back(open_for_reading(path));
    if (kind == worker::JobKind::compare) files.push_back(open_for_reading(path));
    worker::Job job;
    job.kind = kind;
    pool.submit(
        job, std::move(files),
        [this, name](worker::Answer answer) {
          answers.emplace(name, std::move(answer));
          order.push_back(name);
        },
        turn);
  }

  /// Processes events until `done()` or the time is over; whether it was done.
  template <typename Done>
  bool run_until(Done done, std::chrono::milliseconds time = std::chrono::seconds(30)) {
    const auto deadline = std::chrono::steady_clock::now() + time;
    while (!done()) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          deadline - std::chrono::steady_clock::now());
      if (left.count() <= 0) return false;
      pollfd events{pool.event_descriptor(), POLLIN, 0};
      ::poll(&events, 1, static_cast<int>(left.count()));
      ++wake_ups;
      pool.process_events();
    }
    return true;
  }
  bool run_until_answered(std::size_t count) {
    return run_until([&] { return answers.size() >= count; });
  }

  [[nodiscard]] bool is_good(const std::string& name) const {
    const auto found = answers.find(name);
    return found != answers.end() && !std::holds_alternative<matching::Refusal>(found->second);
  }
  /// The refusal of `name`; throws when it was answered otherwise or not at all.
  [[nodiscard]] matching::Refusal refusal(const std::string& name) const {
    const auto found = answers.find(name);
    if (found == answers.end()) throw std::runtime_error(name + " has no answer");
    return std::get<matching::Refusal>(found->second);
  }

  TemporaryDirectory directory;
  std::multimap<std::string, worker::Answer> answers;
  std::vector<std::string> order;
  std::size_t wake_ups = 0;
  worker::WorkerPool pool;
};

}  // namespace imgdedup::testing
