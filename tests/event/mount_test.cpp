// SPDX-License-Identifier: Apache-2.0
// Watched directories whose file system goes away, in a mount namespace of the test's own.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <functional>
#include <thread>

#include "daemon/event/poller.h"
#include "event/watched.h"

namespace imgdedup::event {
namespace {

namespace fs = std::filesystem;

/// Runs `body` in a thread that has its own mounts, with an empty tmpfs on `place`. False if the
/// system does not let us.
bool with_mounted(const fs::path& place, const std::function<void()>& body) {
  bool is_allowed = false;
  std::thread([&] {
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("none", place.c_str(), "tmpfs", 0, "size=1m") != 0)
      return;
    is_allowed = true;
    body();
  }).join();
  return is_allowed;
}

TEST_CASE("a watch does not keep its file system from being unmounted, and is lost with it") {
  TemporaryDirectory root;
  const fs::path place = root / "mounted";
  fs::create_directory(place);
  const bool was_allowed = with_mounted(place, [&] {
    Watched watched;
    fs::create_directory(place / "sub");
    watched.watch(1, place);
    watched.watch(2, place / "sub");
    watched.forget();
    CHECK(::umount(place.c_str()) == 0);
    CHECK(run_until(watched.loop,
                    [&] { return watched.lost.contains(1) && watched.lost.contains(2); }));
    CHECK(watched.watcher->counters().watches == 0);
    REQUIRE(::mount("none", place.c_str(), "tmpfs", 0, "size=1m") == 0);
    watched.watch(1, place);
    watched.forget();
    write_file(place / "a.jpg", "a");
    CHECK(watched.becomes_dirty(1));
  });
  if (!was_allowed) MESSAGE("not shown: this user may not mount");
}

TEST_CASE("mounting and unmounting makes the mount table ready") {
  TemporaryDirectory root;
  const fs::path place = root / "mounted";
  fs::create_directory(place);
  const bool was_allowed = with_mounted(place, [&] {
    Loop loop;
    const posix::UniqueDescriptor mounts(
        ::open("/proc/thread-self/mountinfo", O_RDONLY | O_CLOEXEC));
    REQUIRE(mounts);
    int changes = 0;
    DescriptorWatch watch(loop, mounts.get(), [&](Readiness readiness) {
      CHECK(readiness == Readiness{.priority = true});
      ++changes;
    });
    watch.wait_for({.priority = true});
    run_for(loop, milliseconds(30));
    CHECK(changes == 0);
    REQUIRE(::umount(place.c_str()) == 0);
    CHECK(run_until(loop, [&] { return changes == 1; }));
    REQUIRE(::mount("none", place.c_str(), "tmpfs", 0, "size=1m") == 0);
    CHECK(run_until(loop, [&] { return changes == 2; }));
  });
  if (!was_allowed) MESSAGE("not shown: this user may not mount");
}

}  // namespace
}  // namespace imgdedup::event
