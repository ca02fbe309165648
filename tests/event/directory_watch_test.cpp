// SPDX-License-Identifier: Apache-2.0
// Directories on a real file system, watched.
#include "daemon/event/directory_watch.h"

#include <dirent.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "daemon/event/loop.h"
#include "daemon/event/timer.h"
#include "support/run_until.h"
#include "support/temporary_directory.h"

namespace imgdedup::event {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using testing::run_for;
using testing::run_until;
using testing::TemporaryDirectory;
using testing::write_file;

posix::UniqueDescriptor opened(const fs::path& path) {
  return posix::UniqueDescriptor(
      ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

std::size_t open_descriptors() {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator()));
}

/// A watcher whose reports are added up.
struct Watched {
  Loop loop;
  std::multiset<WatchId> dirty;
  std::multiset<WatchId> started;
  std::multiset<WatchId> lost;
  std::map<WatchId, int> failed;
  int overflows = 0;
  std::function<void(const WatchReport&)> on_report = [](const WatchReport&) {};
  std::optional<DirectoryWatcher> watcher;

  Watched() {
    watcher.emplace(loop, [this](const WatchReport& report) {
      dirty.insert(report.dirty.begin(), report.dirty.end());
      started.insert(report.started.begin(), report.started.end());
      lost.insert(report.lost.begin(), report.lost.end());
      failed.insert(report.failed.begin(), report.failed.end());
      overflows += report.overflow;
      on_report(report);
    });
  }

  void watch(WatchId id, const fs::path& path) {
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

TEST_CASE("whatever happens in a directory makes it dirty") {
  TemporaryDirectory root;
  Watched watched;
  write_file(root / "there.jpg", "x");
  write_file(root / "away/moved.jpg", "x");
  fs::create_directory(root / "w");
  watched.watch(7, root / "w");
  const std::map<std::string, std::function<void()>> deeds = {
      {"1 create", [&] { write_file(root / "w/a.jpg", "a"); }},
      {"2 write", [&] { std::ofstream(root / "w/a.jpg", std::ios::app) << "more"; }},
      {"3 rename", [&] { fs::rename(root / "w/a.jpg", root / "w/b.jpg"); }},
      {"4 move in", [&] { fs::rename(root / "away/moved.jpg", root / "w/c.jpg"); }},
      {"5 link", [&] { fs::create_hard_link(root / "there.jpg", root / "w/d.jpg"); }},
      {"6 mode", [&] { fs::permissions(root / "w/b.jpg", fs::perms::owner_read); }},
      {"7 delete", [&] { fs::remove(root / "w/b.jpg"); }},
      {"8 directory", [&] { fs::create_directory(root / "w/sub"); }},
      {"9 own mode", [&] { fs::permissions(root / "w", fs::perms::owner_all); }},
  };
  for (const auto& [what, deed] : deeds) {
    watched.forget();
    deed();
    CHECK_MESSAGE(watched.becomes_dirty(7), what);
  }
  CHECK(watched.lost.empty());
}

TEST_CASE("looking at a directory does not make it dirty") {
  TemporaryDirectory root;
  write_file(root / "w/a.jpg", "a");
  Watched watched;
  watched.watch(1, root / "w");
  watched.forget();
  CHECK(testing::read_file(root / "w/a.jpg") == "a");
  CHECK(std::distance(fs::directory_iterator(root / "w"), fs::directory_iterator()) == 1);
  watched.settle();
  CHECK(watched.dirty.empty());
}

TEST_CASE("a directory that is deleted, moved or replaced is lost; its successor is watched anew") {
  TemporaryDirectory root;
  Watched watched;
  fs::create_directory(root / "w");
  SUBCASE("deleted and made again") {
    watched.watch(1, root / "w");
    write_file(root / "w/1.jpg", "1");
    fs::remove_all(root / "w");
    fs::create_directory(root / "w");
    CHECK(run_until(watched.loop, [&] { return watched.lost.contains(1); }));
    CHECK(watched.watcher->counters().watches == 0);
    watched.watch(1, root / "w");
    watched.forget();
    write_file(root / "w/2.jpg", "2");
    CHECK(watched.becomes_dirty(1));
    CHECK(watched.lost.empty());
  }
  SUBCASE("renamed, and another made in its place") {
    watched.watch(1, root / "w");
    fs::rename(root / "w", root / "renamed");
    fs::create_directory(root / "w");
    CHECK(run_until(watched.loop, [&] { return watched.lost.contains(1); }));
    watched.forget();
    write_file(root / "renamed/2.jpg", "2");
    watched.settle();
    CHECK(watched.dirty.empty());
    watched.watch(1, root / "w");
    watched.watch(2, root / "renamed");
    watched.forget();
    write_file(root / "renamed/3.jpg", "3");
    CHECK(watched.becomes_dirty(2));
    CHECK_FALSE(watched.dirty.contains(1));
  }
  SUBCASE("a directory below a moved one stays watched") {
    fs::create_directory(root / "w/sub");
    watched.watch(1, root / "w");
    watched.watch(2, root / "w/sub");
    fs::rename(root / "w", root / "renamed");
    CHECK(run_until(watched.loop, [&] { return watched.lost.contains(1); }));
    write_file(root / "renamed/sub/a.jpg", "a");
    CHECK(watched.becomes_dirty(2));
    CHECK_FALSE(watched.lost.contains(2));
  }
}

TEST_CASE("children named like numbers or paths are not taken for the directory itself") {
  TemporaryDirectory root;
  fs::create_directory(root / "w");
  Watched watched;
  watched.watch(1, root / "w");
  for (int i = 0; i < 64; ++i) {
    write_file(root / ("w/" + std::to_string(i)), "x");
    fs::remove(root / ("w/" + std::to_string(i)));
  }
  write_file(root / "w/w", "x");
  watched.settle();
  CHECK(watched.dirty.contains(1));
  CHECK(watched.lost.empty());
}

TEST_CASE("unknown and doubled ids do no harm") {
  TemporaryDirectory root;
  fs::create_directory(root / "a");
  fs::create_directory(root / "b");
  Watched watched;
  watched.watcher->unwatch(99);
  watched.watch(1, root / "a");
  watched.watch(1, root / "b");
  CHECK(watched.watcher->counters().watches == 1);
  watched.forget();
  write_file(root / "a/x", "");
  watched.settle();
  CHECK(watched.dirty.empty());
  write_file(root / "b/x", "");
  CHECK(watched.becomes_dirty(1));
  watched.watcher->unwatch(1);
  watched.watcher->unwatch(1);
  watched.forget();
  write_file(root / "b/y", "");
  watched.settle();
  CHECK(watched.dirty.empty());
  CHECK(watched.watcher->counters().watches == 0);
}

TEST_CASE("after unwatch no report names the id, not even of what was on its way") {
  TemporaryDirectory root;
  fs::create_directory(root / "w");
  Watched watched;
  watched.watch(1, root / "w");
  for (int i = 0; i < 100; ++i) write_file(root / ("w/" + std::to_string(i)), "");
  std::this_thread::sleep_for(milliseconds(50));
  watched.watcher->unwatch(1);
  watched.settle();
  CHECK(watched.dirty.empty());
  watched.watcher->watch(2, opened(root / "w"));
  watched.watcher->unwatch(2);
  watched.settle();
  CHECK_FALSE(watched.started.contains(2));
}

TEST_CASE("two ids on one inode both get its events, and one can go") {
  TemporaryDirectory root;
  fs::create_directory(root / "w");
  Watched watched;
  watched.watch(1, root / "w");
  watched.watch(2, root / "w");
  watched.forget();
  write_file(root / "w/a", "");
  CHECK(watched.becomes_dirty(1));
  CHECK(watched.becomes_dirty(2));
  watched.watcher->unwatch(1);
  watched.forget();
  write_file(root / "w/b", "");
  CHECK(watched.becomes_dirty(2));
  CHECK_FALSE(watched.dirty.contains(1));
  fs::remove_all(root / "w");
  CHECK(run_until(watched.loop, [&] { return watched.lost.contains(2); }));
}

TEST_CASE("what cannot be watched has failed with its errno") {
  Watched watched;
  watched.watcher->watch(1, posix::UniqueDescriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC)));
  CHECK(run_until(watched.loop, [&] { return watched.failed.contains(1); }));
  CHECK(watched.failed[1] == ENOTDIR);
  watched.watcher->watch(2, posix::UniqueDescriptor());
  CHECK(run_until(watched.loop, [&] { return watched.failed.contains(2); }));
  CHECK(watched.watcher->counters().watches == 0);
}

TEST_CASE("two thousand directories are watched with few descriptors, and none is kept") {
  TemporaryDirectory root;
  constexpr WatchId count = 2000;
  for (WatchId id = 0; id < count; ++id) fs::create_directory(root / std::to_string(id));
  Watched watched;
  watched.settle();
  const std::size_t before = open_descriptors();
  std::size_t most = 0;
  for (WatchId id = 0; id < count; ++id) {
    watched.watcher->watch(id, opened(root / std::to_string(id)));
    if (id % 100 == 0) most = std::max(most, open_descriptors());
  }
  CHECK(run_until(watched.loop, [&] { return watched.started.size() == count; }));
  CHECK(most <= before + 70);
  CHECK(open_descriptors() <= before + 1);
  CHECK(watched.watcher->counters().watches == count);
  watched.forget();
  for (WatchId id = 0; id < count; ++id) write_file(root / std::to_string(id) / "a.jpg", "a");
  CHECK(run_until(watched.loop, [&] {
    return std::set(watched.dirty.begin(), watched.dirty.end()).size() == count;
  }));
  CHECK(watched.overflows == 0);
}

TEST_CASE("nothing is missed in directories that appear while files are put into them") {
  TemporaryDirectory root;
  constexpr int rounds = 200;
  Watched watched;
  std::map<WatchId, fs::path> paths;
  std::set<std::string> known;
  std::set<std::string> seen;
  WatchId last = 0;
  const auto add = [&](const fs::path& path) {
    if (!known.insert(path.native()).second) return;
    posix::UniqueDescriptor directory = opened(path);
    if (!directory) return;
    paths[++last] = path;
    watched.watcher->watch(last, std::move(directory));
  };
  const auto list = [&](WatchId id) {
    for (const fs::directory_entry& entry : fs::directory_iterator(paths[id])) {
      if (entry.is_directory())
        add(entry.path());
      else
        seen.insert(entry.path().native());
    }
  };
  watched.on_report = [&](const WatchReport& report) {
    for (const WatchId id : report.started) list(id);
    for (const WatchId id : report.dirty) list(id);
  };
  add(root.path());
  std::thread maker([&] {
    for (int i = 0; i < rounds; ++i) {
      const fs::path a = root / ("a" + std::to_string(i));
      for (const fs::path& path : {a, a / "b", a / "b" / "c"}) {
        fs::create_directory(path);
        write_file(path / "1.jpg", "");
      }
      write_file(a / "b/c/2.jpg", "");
    }
  });
  CHECK(run_until(watched.loop, [&] { return seen.size() == rounds * 4; }));
  maker.join();
  CHECK(last == rounds * 3 + 1);
}

TEST_CASE("a flood in one directory keeps neither the main loop nor a ping nor a watch waiting") {
  TemporaryDirectory root;
  fs::create_directory(root / "flood");
  fs::create_directory(root / "calm");
  Watched watched;
  watched.watch(1, root / "flood");
  std::atomic<bool> stop = false;
  std::thread flood([&] {
    write_file(root / "flood/a.jpg", "");
    while (!stop) {
      fs::rename(root / "flood/a.jpg", root / "flood/b.jpg");
      fs::rename(root / "flood/b.jpg", root / "flood/a.jpg");
    }
  });
  auto last = watched.loop.now();
  std::chrono::nanoseconds longest{0};
  Timer tick(watched.loop, [&] {
    longest = std::max<std::chrono::nanoseconds>(longest, watched.loop.now() - last);
    last = watched.loop.now();
  });
  last = watched.loop.now();
  tick.start_repeating(milliseconds(5));
  int pongs = 0;
  for (int round = 0; round < 50; ++round) {
    const int before = pongs;
    watched.watcher->ping([&] { ++pongs; });
    CHECK(run_until(
        watched.loop, [&] { return pongs > before; }, std::chrono::seconds(5)));
  }
  watched.watch(2, root / "calm");
  write_file(root / "calm/a.jpg", "");
  CHECK(watched.becomes_dirty(2));
  stop = true;
  flood.join();
  CHECK(longest < std::chrono::seconds(1));
  CHECK(watched.dirty.contains(1));
}

TEST_CASE("however much happens, one report waits") {
  TemporaryDirectory root;
  fs::create_directory(root / "w");
  Watched watched;
  watched.watch(1, root / "w");
  watched.forget();
  for (int i = 0; i < 3000; ++i) write_file(root / ("w/" + std::to_string(i)), "x");
  watched.settle();
  // The main loop stood still meanwhile: at most what was under way when it looked comes again.
  CHECK(watched.dirty.count(1) <= 3);
  CHECK(watched.dirty.count(1) >= 1);
  CHECK(watched.watcher->counters().callbacks >= 6000);
}

TEST_CASE("a destroyed watcher leaves nothing behind, also in the middle of a flood") {
  TemporaryDirectory root;
  fs::create_directory(root / "w");
  const std::size_t before = open_descriptors();
  std::atomic<bool> stop = false;
  std::thread flood([&] {
    write_file(root / "w/a.jpg", "");
    while (!stop) {
      fs::rename(root / "w/a.jpg", root / "w/b.jpg");
      fs::rename(root / "w/b.jpg", root / "w/a.jpg");
    }
  });
  for (int round = 0; round < 20; ++round) {
    Watched watched;
    watched.watch(1, root / "w");
    watched.watcher->ping([] {});
    watched.watcher->watch(2, opened(root / "w"));
    watched.watcher.reset();
  }
  stop = true;
  flood.join();
  CHECK(open_descriptors() == before);
}

TEST_CASE("the watcher's thread takes no signal") {
  Watched watched;
  watched.settle();
  std::string blocked;
  for (const fs::directory_entry& task : fs::directory_iterator("/proc/self/task")) {
    if (testing::read_file(task.path() / "comm") != "watcher\n") continue;
    const std::string status = testing::read_file(task.path() / "status");
    const std::size_t at = status.find("SigBlk:\t");
    blocked = status.substr(at + 8, 16);
  }
  REQUIRE(blocked.size() == 16);
  const unsigned long mask = std::stoul(blocked, nullptr, 16);
  for (const int signal_number : {SIGIO, SIGPIPE, SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGURG})
    CHECK((mask >> (signal_number - 1) & 1) == 1);
}

#ifdef IMGDEDUPD_TEST_HOOKS
TEST_CASE("when the kernel drops events the report says so, and a listing then finds everything") {
  TemporaryDirectory root;
  const std::uint64_t limit =
      std::stoul(testing::read_file("/proc/sys/fs/inotify/max_queued_events"));
  if (limit > 100'000) {
    MESSAGE("skipped: fs.inotify.max_queued_events is " << limit);
    return;
  }
  constexpr WatchId directories = 40;
  const std::uint64_t files = (limit + 4000) / directories;
  ::setenv("IMGDEDUPD_CB_DELAY_US", "10000", 1);
  Watched watched;
  for (WatchId id = 0; id < directories; ++id) {
    fs::create_directory(root / std::to_string(id));
    watched.watch(id, root / std::to_string(id));
  }
  ::unsetenv("IMGDEDUPD_CB_DELAY_US");
  std::uint64_t found = 0;
  watched.on_report = [&](const WatchReport& report) {
    if (!report.overflow || found > 0) return;
    for (WatchId id = 0; id < directories; ++id)
      found += static_cast<std::uint64_t>(
          std::distance(fs::directory_iterator(root / std::to_string(id)), {}));
  };
  write_file(root / "one.jpg", "x");
  // A new link is one event.
  for (std::uint64_t file = 0; file < files; ++file)
    for (WatchId id = 0; id < directories; ++id)
      REQUIRE(::link((root / "one.jpg").c_str(),
                     (root / std::to_string(id) / std::to_string(file)).c_str()) == 0);
  REQUIRE(files * directories > limit + watched.watcher->counters().callbacks);
  CHECK(run_until(watched.loop, [&] { return watched.overflows > 0; }));
  CHECK(found == files * directories);
  CHECK(watched.watcher->counters().overflows >= 1);
}
#endif

}  // namespace
}  // namespace imgdedup::event
