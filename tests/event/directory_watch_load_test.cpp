// SPDX-License-Identifier: Apache-2.0
// Very many directories, very many events, more than the kernel holds.
#include <doctest/doctest.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <thread>

#include "daemon/event/directory_watch.h"
#include "daemon/event/timer.h"
#include "event/open_descriptors.h"
#include "event/watched.h"

namespace imgdedup::event {
namespace {

namespace fs = std::filesystem;

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
