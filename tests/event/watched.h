// SPDX-License-Identifier: Apache-2.0
// A directory watcher whose reports are added up.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>

#include "daemon/event/directory_watch.h"
#include "daemon/event/loop.h"
#include "posix/unique_descriptor.h"
#include "support/run_until.h"
#include "support/temporary_directory.h"

namespace imgdedup::event {

using std::chrono::milliseconds;
using testing::run_for;
using testing::run_until;
using testing::TemporaryDirectory;
using testing::write_file;

inline posix::UniqueDescriptor opened(const std::filesystem::path& path) {
  return posix::UniqueDescriptor(
      ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

struct Watched {
  Loop loop;
  std::multiset<WatchId> dirty;
  std::multiset<WatchId> started;
  std::multiset<WatchId> lost;
  std::multiset<WatchId> dead;
  std::map<WatchId, int> failed;
  int overflows = 0;
  std::function<void(const WatchReport&)> on_report = [](const WatchReport&) {};
  std::optional<DirectoryWatcher> watcher;

  Watched() {
    watcher.emplace(loop, [this](const WatchReport& report) {
      dirty.insert(report.dirty.begin(), report.dirty.end());
      started.insert(report.started.begin(), report.started.end());
      lost.insert(report.lost.begin(), report.lost.end());
      dead.insert(report.dead.begin(), report.dead.end());
      failed.insert(report.failed.begin(), report.failed.end());
      overflows += report.overflow;
      on_report(report);
    });
  }

  void watch(WatchId id, const std::filesystem::path& path) {
    const std::size_t before = started.count(id);
    watcher->watch(id, opened(path));
    REQUIRE(run_until(loop, [&] { return started.count(id) > before; }));
  }
  /// Everything that has happened by now is reported.
  void settle() {
    bool is_answered = false;
    watcher->ping([&] { is_answered = true; });
    REQUIRE(run_until(loop, [&] { return is_answered; }));
    run_for(loop, milliseconds(30));
  }
  void forget() {
    settle();
    dirty.clear();
    lost.clear();
    overflows = 0;
  }
  bool becomes_dirty(WatchId id) {
    return run_until(
        loop, [&] { return dirty.contains(id); }, std::chrono::seconds(5));
  }
};

}  // namespace imgdedup::event
