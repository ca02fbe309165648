// SPDX-License-Identifier: Apache-2.0
// Directories on a real file system, watched: what is reported, and under which id.
#include "daemon/event/directory_watch.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <thread>

#include "event/watched.h"

namespace imgdedup::event {
namespace {

namespace fs = std::filesystem;

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

TEST_CASE("an audit finds the watches that have gone without a word, each once, and no other") {
  TemporaryDirectory root;
  for (const char* name : {"sound", "dropped", "unwatched"}) fs::create_directory(root / name);
  ::setenv("IMGDEDUPD_DROP_WATCH_AT", "drop-the-watch", 1);
  Watched watched;
  watched.watch(1, root / "sound");
  watched.watch(2, root / "dropped");
  watched.watch(3, root / "unwatched");
  ::unsetenv("IMGDEDUPD_DROP_WATCH_AT");
  watched.watcher->unwatch(3);
  watched.watcher->audit({1, 2});
  watched.settle();
  CHECK(watched.dead.empty());
#ifdef IMGDEDUPD_TEST_HOOKS
  testing::write_file(root / "dropped/drop-the-watch", "x");
  watched.settle();
  CHECK(watched.lost.empty());
  watched.watcher->audit({1, 2});
  watched.watcher->audit({1, 2});
  watched.settle();
  CHECK(watched.dead == std::multiset<WatchId>{2});
  CHECK(watched.watcher->counters().watches == 1);
  watched.watch(2, root / "dropped");
  watched.forget();
  testing::write_file(root / "dropped/later", "x");
  CHECK(watched.becomes_dirty(2));
  watched.dead.clear();
#endif
  // What was never watched, or is no longer, is watched by nobody.
  watched.watcher->audit({1, 3, 99});
  watched.settle();
  CHECK(watched.dead == std::multiset<WatchId>{3, 99});
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

}  // namespace
}  // namespace imgdedup::event
