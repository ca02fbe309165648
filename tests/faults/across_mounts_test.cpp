// SPDX-License-Identifier: Apache-2.0
// A quarantine folder on another mount, with the whole service: kills, races, faults, and the way
// back.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <optional>
#include <thread>

#include "faults/fault_support.h"
#include "faults/lease_probe.h"
#include "support/drawn_pictures.h"
#include "support/other_mount.h"

using namespace imgdedup::testing;
using imgdedup::protocol::Json;
namespace fs = std::filesystem;

namespace {

constexpr const char* quarantine_exact = "actions: {exact: quarantine}\n";

/// A service whose quarantine lies on another mount.
struct AcrossMounts {
  explicit AcrossMounts(const char* test) : other(test) {
    if (other.is_there()) use(quarantine());
  }
  void use(const fs::path& folder) {
    service.write_settings(quarantine_exact, "  - {path: '" + service.root().string() +
                                                 "', quarantine: '" + folder.string() + "'}\n");
  }
  [[nodiscard]] fs::path a() const { return service.root() / "a.jpg"; }
  [[nodiscard]] fs::path b() const { return service.root() / "sub/b.jpg"; }
  [[nodiscard]] fs::path quarantine() const { return other.path() / "q"; }

  /// a.jpg, and the same bytes as b.jpg: the service stands at `point` of moving that.
  void hold(const char* point) {
    held.emplace(service, point);
    write_file(a(), jpeg(1));
    service.start(held->environment());
    service.sync();
    write_file(b(), jpeg(1));
    held->wait();
  }
  /// Nothing hidden, half copied or unknown anywhere.
  void check_nothing_left() {
    check_files_become_known(service);
    CHECK(count_files(service.root(), "") == files_on_disk(service.root()).size());
    const auto entries = service.list("quarantine.list");
    CHECK(count_files(quarantine(), ".json") == entries.size());
    CHECK(count_files(quarantine(), "") == 2 * entries.size());
  }

  OtherMount other;
  Service service{quarantine_exact};
  std::optional<HoldingPoint> held;
};

struct stat status_of(const fs::path& path) {
  struct stat status {};
  REQUIRE(::lstat(path.c_str(), &status) == 0);
  return status;
}

std::string access_list_of(const fs::path& path) {
  char value[256];
  const ssize_t size = ::lgetxattr(path.c_str(), "system.posix_acl_access", value, sizeof value);
  return size < 0 ? "" : std::string(value, static_cast<std::size_t>(size));
}

}  // namespace

TEST_CASE("m1-crash-matrix: across mounts, killed at any point, the service goes on and moves it") {
  int kills = 0;
  for (const char* point : {"after_verify", "before_intent", "after_intent", "copy_written_down",
                            "copy_begun", "copy_written", "copy_synced", "copy_named",
                            "after_copied", "after_hidden", "after_removed", "after_commit"}) {
    CAPTURE(std::string(point));
    AcrossMounts world("m1-crash-matrix");
    if (!world.other.is_there()) return;
    write_file(world.a(), jpeg(1));
    world.service.start({{"IMGDEDUPD_CRASH_AT", point}});
    write_file(world.b(), jpeg(1));
    CHECK(world.service.wait_for_end() == 128 + SIGKILL);
    ++kills;
    world.service.start();
    world.service.sync();
    CHECK(fs::exists(world.a()) != fs::exists(world.b()));
    CHECK(world.service.list("quarantine.list").size() == 1);
    CHECK(world.service.log_lines().size() == 1);
    world.check_nothing_left();
  }
  std::printf("m1-crash-matrix: %d kills of the service across mounts, each went on\n", kills);
}

TEST_CASE("m1-attributes: across mounts a file comes back as it was") {
  AcrossMounts world("m1-attributes");
  if (!world.other.is_there()) return;
  Service& service = world.service;
  write_file(world.a(), jpeg(1));
  service.start();
  service.sync();
  const fs::path fresh = service.base() / "fresh.jpg";
  write_file(fresh, jpeg(1));
  if (::geteuid() == 0) REQUIRE(::chown(fresh.c_str(), 12345, 54321) == 0);
  (void)run_program({"setfacl", "-m", "u:23456:r", fresh.string()});
  (void)::setxattr(fresh.c_str(), "user.note", "grandmother", 11, 0);
  const timespec times[]{{1'000'000'000, 123'456'789}, {1'100'000'000, 987'654'321}};
  REQUIRE(::utimensat(AT_FDCWD, fresh.c_str(), times, 0) == 0);
  const auto before = status_of(fresh);
  const std::string list = access_list_of(fresh);
  fs::create_directories(world.b().parent_path());
  fs::rename(fresh, world.b());
  service.sync();
  const auto entries = service.list("quarantine.list");
  REQUIRE(entries.size() == 1);
  const fs::path kept = entries[0]["quarantine_path"].get<std::string>();
  for (const fs::path& place : {kept, world.b()}) {
    if (place == world.b()) {
      CHECK(service.ctl({"quarantine", "restore", "--all"}).exit_status == 0);
      service.sync();
    }
    const auto after = status_of(place);
    CHECK(after.st_mtim.tv_sec == before.st_mtim.tv_sec);
    CHECK(after.st_mtim.tv_nsec == before.st_mtim.tv_nsec);
    CHECK(after.st_mode == before.st_mode);
    CHECK(after.st_uid == before.st_uid);
    CHECK(after.st_gid == before.st_gid);
    CHECK(access_list_of(place) == list);
    CHECK(read_file(place) == jpeg(1));
  }
  char note[16];
  CHECK(::getxattr(world.b().c_str(), "user.note", note, sizeof note) == 11);
  world.check_nothing_left();
  CHECK(service.log_lines().size() == 1);
  std::printf(
      "m1-attributes: time %lld.%09ld, mode %o, owner %u:%u, an access list of %zu bytes and a "
      "note came back\n",
      static_cast<long long>(before.st_mtim.tv_sec), before.st_mtim.tv_nsec, before.st_mode & 07777,
      before.st_uid, before.st_gid, list.size());
}

TEST_CASE("m2-race: across mounts, what changes in any moment of the copying stays") {
  int races = 0;
  for (const char* point : {"copy_begun", "copy_synced", "copy_named", "after_copied"}) {
    for (const char* what :
         {"replaced", "deleted", "original deleted", "folder swapped", "folder gone"}) {
      INFO("at ", std::string(point), ": ", std::string(what));
      AcrossMounts world("m2-race");
      if (!world.other.is_there()) return;
      world.hold(point);
      const std::string_view change(what);
      const fs::path victim = world.service.base() / "victim";
      const fs::path aside = world.service.base() / "aside";
      if (change == "replaced") {
        write_file(world.service.base() / "new.jpg", jpeg(7));
        fs::rename(world.service.base() / "new.jpg", world.b());
      } else if (change == "deleted") {
        fs::remove(world.b());
      } else if (change == "original deleted") {
        fs::remove(world.a());
      } else {
        fs::rename(world.service.root() / "sub", aside);
      }
      if (change == "folder swapped") {
        write_file(victim / "b.jpg", jpeg(1));
        fs::create_directory_symlink(victim, world.service.root() / "sub");
      }
      world.held->release();
      world.service.sync();
      ++races;
      if (change == "replaced") CHECK(read_file(world.b()) == jpeg(7));
      if (change == "deleted") CHECK_FALSE(fs::exists(world.b()));
      if (change == "original deleted") {
        CHECK(read_file(world.b()) == jpeg(1));
        CHECK(world.service.list("quarantine.list").empty());
      } else {
        CHECK(read_file(world.a()) == jpeg(1));
      }
      if (change == "folder swapped") CHECK(read_file(victim / "b.jpg") == jpeg(1));
      if (change.starts_with("folder")) {
        CHECK(read_file(aside / "b.jpg") == jpeg(1));
        CHECK(count_files(aside, "") == 1);
        CHECK(count_files(world.quarantine(), "") == 0);
      }
      fs::remove_all(victim);
      if (change == "folder swapped") fs::remove(world.service.root() / "sub");
      world.check_nothing_left();
    }
  }
  std::printf("m2-race: %d changes in the middle of a copying, none lost\n", races);
}

/// Whether a thread of this process waits in the kernel.
static bool is_asleep(pid_t thread) {
  if (thread == 0) return false;
  const std::string status = read_file("/proc/self/task/" + std::to_string(thread) + "/stat");
  const char state = status.at(status.rfind(')') + 2);
  return state == 'S' || state == 'D';
}

TEST_CASE("m2-race: a file that somebody begins to write while it is copied stays, and is whole") {
  for (const char* point : {"copy_begun", "copy_synced", "after_hidden"}) {
    INFO("at ", std::string(point));
    AcrossMounts world("m2-race");
    if (!world.other.is_there()) return;
    world.hold(point);
    const fs::path place = fs::exists(world.b()) ? world.b() : [&] {
      for (const auto& entry : fs::directory_iterator(world.b().parent_path())) return entry.path();
      return fs::path();
    }();
    const int refused = ::open(place.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (refused >= 0) {
      ::close(refused);
      if (!can_lease_in(place.parent_path()))
        std::printf("SKIPPED: a writer while it is copied (no leases here)\n");
      else
        FAIL_CHECK("the service has no lease on the file that it moves");
      return;
    }
    std::atomic<pid_t> writer_id{0};
    std::thread writer([&] {
      writer_id = ::gettid();
      const imgdedup::posix::UniqueDescriptor file(
          ::open(place.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
      (void)!::write(file.get(), "more", 4);
    });
    // Not before it waits in open(): the name that it opens is gone afterwards.
    wait_until([&] { return is_asleep(writer_id); }, "the writer waits");
    world.held->release();
    writer.join();
    world.service.sync();
    CHECK(read_file(world.a()) == jpeg(1));
    CHECK(read_file(world.b()) == jpeg(1) + "more");
    world.check_nothing_left();
  }
}

TEST_CASE(
    "m3-fault: across mounts, a full or missing place leaves the file, and all goes on later") {
  if (!may_mount("m3-fault: across mounts")) return;
  TemporaryDirectory folders;
  const fs::path disk = folders / "disk";
  AcrossMounts world("m3-fault: across mounts");
  if (!world.other.is_there()) return;
  Service& service = world.service;
  world.use(disk / "q");
  const auto moved = [&] { return service.list("quarantine.list").size(); };
  write_file(world.a(), jpeg(1));
  {
    SmallMount small(disk, "64k");
    write_file(disk / "filler", std::string(40 * 1024, 'x'));
    service.start();
    service.sync();
    write_file(world.b(), jpeg(1));
    service.sync();
    CHECK(read_file(world.b()) == jpeg(1));
    CHECK(moved() == 0);
    CHECK(service.call("status")["last_error"].get<std::string>().find("No space left") !=
          std::string::npos);
    CHECK(count_files(disk / "q", "") == 0);
    fs::remove(disk / "filler");
    service.call("rescan");
    service.sync();
    CHECK(moved() == 1);
    CHECK(small.unmount());
  }
  // Now the place is there, empty, and another one.
  write_file(service.root() / "c.jpg", jpeg(1));
  service.sync();
  CHECK(read_file(service.root() / "c.jpg") == jpeg(1));
  CHECK(service.call("status")["last_error"].get<std::string>().find("mounted") !=
        std::string::npos);
  CHECK(count_files(disk, "") == 0);
  service.stop();
  service.start();
  service.sync();
  CHECK(moved() == 1);
  CHECK(service.ctl({"quarantine", "restore", "--all"}).exit_status == 1);
  CHECK(moved() == 1);
  std::printf("m3-fault: a quarantine that is full or not mounted costs nothing\n");
}

TEST_CASE("a large file is copied without holding up the service, and SIGTERM breaks it off") {
  AcrossMounts world("a large file");
  if (!world.other.is_there()) return;
  Service& service = world.service;
  world.hold("copy_begun");
  CHECK(service.call("status")["state"].is_string());
  CHECK(service.call("status")["quarantined"]["files"] == 0);
  std::thread later([&] {
    wait_until([&] { return service.service_log().find("stopping") != std::string::npos; },
               "the end");
    world.held->release();
  });
  CHECK(service.stop() == 0);
  later.join();
  CHECK(read_file(world.b()) == jpeg(1));
  CHECK(count_files(world.quarantine(), "") == 0);
  service.start();
  service.sync();
  CHECK(service.list("quarantine.list").size() == 1);
  world.check_nothing_left();
}

TEST_CASE("m1-crash-matrix: a file hidden by a move is found in a folder renamed since") {
  AcrossMounts world("m1-crash-matrix");
  if (!world.other.is_there()) return;
  write_file(world.a(), jpeg(1));
  world.service.start({{"IMGDEDUPD_CRASH_AT", "after_hidden"}});
  write_file(world.b(), jpeg(1));
  CHECK(world.service.wait_for_end() == 128 + SIGKILL);
  const fs::path renamed = world.service.root() / "renamed";
  fs::rename(world.b().parent_path(), renamed);
  world.service.start();
  wait_until(
      [&] { return world.service.service_log().find("has its name again") != std::string::npos; },
      "its name");
  world.service.sync();
  CHECK(read_file(world.a()) == jpeg(1));
  world.check_nothing_left();
}
