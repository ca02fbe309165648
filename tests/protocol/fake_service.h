// SPDX-License-Identifier: Apache-2.0
// A service that answers what a test tells it to, on a real socket.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "posix/unique_descriptor.h"

namespace imgdedup::testing {

/// Serves one connection after the other on a thread of its own until it goes.
class FakeService {
 public:
  enum class Pace { at_once, byte_by_byte };
  enum class Afterwards { listen, close };
  struct Answer {
    std::string bytes;
    Pace pace = Pace::at_once;
    Afterwards afterwards = Afterwards::listen;
  };
  /// Given a line without its newline and the contents of the files that came with it.
  using Handler =
      std::function<Answer(const std::string& line, const std::vector<std::string>& files)>;

  FakeService(const std::string& socket_path, Handler handler);
  ~FakeService();
  FakeService(const FakeService&) = delete;
  FakeService& operator=(const FakeService&) = delete;

  /// The lines received so far.
  [[nodiscard]] std::vector<std::string> lines() const;

 private:
  void serve();
  void serve_connection(int connection);
  /// False when it is time to stop.
  [[nodiscard]] bool wait_readable(int descriptor) const;

  Handler handler_;
  posix::UniqueDescriptor listener_;
  posix::UniqueDescriptor stop_reader_, stop_writer_;
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
  std::thread thread_;
};

}  // namespace imgdedup::testing
