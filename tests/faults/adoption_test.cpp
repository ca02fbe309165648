// SPDX-License-Identifier: Apache-2.0
// What a start makes of a quarantine that is not as the catalog has it.
#include <doctest/doctest.h>
#include <signal.h>

#include "faults/fault_support.h"
#include "support/other_mount.h"

using namespace imgdedup::testing;
namespace fs = std::filesystem;

namespace {

constexpr const char* quarantine_exact = "actions: {exact: quarantine}\n";

/// With all that the numbers of decisions could be learned from.
void lose_catalog(const Service& service) {
  fs::remove(service.duplicates_log());
  for (const char* ending : {"", "-wal", "-shm", ".verdicts"})
    fs::remove(service.catalog().string() + ending);
  for (const auto& entry : fs::directory_iterator(service.base()))
    if (entry.path().filename().string().starts_with("catalog.sqlite3.backup"))
      fs::remove(entry.path());
}

/// A watched folder, and another one on a disk that can be taken away, with a file in quarantine.
struct DiskWithQuarantine {
  DiskWithQuarantine() {
    fs::create_directories(disk_photos());
    settings(quarantine_exact);
    write_file(disk_photos() / "a.jpg", jpeg(1));
    service.start();
    service.sync();
    write_file(disk_photos() / "b.jpg", jpeg(1));
    service.sync();
    REQUIRE(service.list("quarantine.list").size() == 1);
    CHECK(service.stop() == 0);
  }
  void settings(const std::string& more) {
    service.write_settings(more, "  - path: '" + service.root().string() + "'\n  - path: '" +
                                     disk_photos().string() + "'\n");
  }
  void take_away() const { fs::rename(disk_photos().parent_path(), service.base() / "away"); }
  void bring_back() const { fs::rename(service.base() / "away", disk_photos().parent_path()); }
  [[nodiscard]] fs::path disk_photos() const { return service.base() / "disk/photos"; }
  [[nodiscard]] fs::path quarantine() const { return disk_photos() / ".imgdedup-quarantine"; }
  /// A catalog that begins with nothing and has a first decision of its own, the disk being away.
  void begin_anew() {
    lose_catalog(service);
    take_away();
    settings("actions: {exact: log}\n");
    service.start();
    write_file(service.root() / "x.jpg", jpeg(2));
    service.sync();
    write_file(service.root() / "y.jpg", jpeg(2));
    service.call("rescan");
    wait_until([&] { return service.list("duplicates").size() == 1; }, "a decision");
    CHECK(service.list("duplicates")[0]["id"] == 1);
  }
  /// Listed once, restored, and nothing left over.
  void check_adopted() {
    wait_until([&] { return service.list("quarantine.list").size() == 1; }, "its adoption");
    CHECK(count_files(quarantine(), ".json") == 1);
    CHECK(count_files(quarantine(), ".jpg") == 1);
    CHECK(service.list("duplicates").size() == 2);
    CHECK(service.ctl({"quarantine", "restore", "--all"}).exit_status == 0);
    CHECK(read_file(disk_photos() / "b.jpg") == jpeg(1));
    CHECK(count_files(quarantine(), "") == 0);
  }

  Service service;
};

}  // namespace

TEST_CASE("m5-restore-nodb: a disk comes when its numbers are those of other decisions by then") {
  DiskWithQuarantine world;
  world.begin_anew();
  world.bring_back();
  SUBCASE("while the service runs") {}
  SUBCASE("while it is down") {
    CHECK(world.service.stop() == 0);
    world.service.start();
  }
  world.service.call("rescan");
  world.service.sync();
  world.check_adopted();
}

TEST_CASE("m5-restore-nodb: killed while it gives a file another number, the service goes on") {
  for (const char* point : {"renumber_noted", "renumber_renamed", "renumber_adopted"}) {
    CAPTURE(std::string(point));
    DiskWithQuarantine world;
    world.begin_anew();
    CHECK(world.service.stop() == 0);
    world.bring_back();
    world.service.start_unanswered({{"IMGDEDUPD_CRASH_AT", point}});
    CHECK(world.service.wait_for_end() == 128 + SIGKILL);
    CHECK(count_files(world.quarantine(), ".jpg") == 1);
    world.service.start();
    world.service.sync();
    world.check_adopted();
  }
}

TEST_CASE("m5-restore-nodb: a catalog from before a move takes up what was moved since") {
  Service service(quarantine_exact);
  write_file(service.root() / "a.jpg", jpeg(1));
  // Keeps the decision from being carried out.
  write_file(service.root() / ".imgdedup-quarantine", "in the way");
  service.start();
  service.sync();
  write_file(service.root() / "b.jpg", jpeg(1));
  service.call("rescan");
  wait_until([&] { return service.list("duplicates").size() == 1; }, "the decision");
  CHECK(service.stop() == 0);
  fs::copy_file(service.catalog(), service.base() / "earlier");
  fs::remove(service.root() / ".imgdedup-quarantine");
  service.start();
  service.sync();
  REQUIRE(service.list("quarantine.list").size() == 1);
  CHECK(service.stop() == 0);

  lose_catalog(service);
  fs::copy_file(service.base() / "earlier", service.catalog());
  service.start();
  service.sync();
  const auto entries = service.list("quarantine.list");
  REQUIRE(entries.size() == 1);
  CHECK(entries[0]["id"] == 1);
  CHECK(service.list("duplicates").at(0)["state"] == "quarantined");
  CHECK(service.ctl({"quarantine", "restore", "--all"}).exit_status == 0);
  CHECK(read_file(service.root() / "b.jpg") == jpeg(1));
}

TEST_CASE("m5-restore-nodb: a quarantine folder that was moved is known at its new place") {
  Service service(quarantine_exact);
  write_file(service.root() / "a.jpg", jpeg(1));
  service.start();
  service.sync();
  write_file(service.root() / "b.jpg", jpeg(1));
  service.sync();
  CHECK(service.stop() == 0);
  const fs::path before = service.root() / ".imgdedup-quarantine";
  const fs::path after = service.base() / "kept";
  SUBCASE("itself") { fs::rename(before, after); }
  SUBCASE("file by file") {
    fs::create_directory(after);
    fs::permissions(after, fs::perms::owner_all);
    for (const auto& entry : fs::directory_iterator(before))
      fs::rename(entry.path(), after / entry.path().filename());
  }
  SUBCASE("by a copy, and the old one is gone") {
    fs::copy(before, after);
    fs::permissions(after, fs::perms::owner_all);
    fs::remove_all(before);
  }
  service.write_settings(quarantine_exact, "  - {path: '" + service.root().string() +
                                               "', quarantine: '" + after.string() + "'}\n");
  for (int start = 0; start < 2; ++start) {
    service.start();
    service.sync();
    const auto entries = service.list("quarantine.list");
    REQUIRE(entries.size() == 1);
    CHECK(fs::path(entries[0]["quarantine_path"].get<std::string>()).parent_path() == after);
    CHECK(count_of(service.service_log(), "by other hands") == 0);
    CHECK(count_of(service.service_log(), "taken into it") == 0);
    CHECK(count_of(service.service_log(), "in another quarantine folder than before: 1") == 1);
    if (start == 0) CHECK(service.stop() == 0);
  }
  CHECK(service.ctl({"quarantine", "restore", "--all"}).exit_status == 0);
  CHECK(read_file(service.root() / "b.jpg") == jpeg(1));
}

TEST_CASE("m5-restore-nodb: a further copy of a quarantine folder is left alone, and named") {
  Service service(quarantine_exact);
  write_file(service.root() / "a.jpg", jpeg(1));
  service.start();
  service.sync();
  write_file(service.root() / "b.jpg", jpeg(1));
  service.sync();
  CHECK(service.stop() == 0);
  const fs::path second = service.base() / "second";
  fs::create_directories(second);
  fs::copy(service.root() / ".imgdedup-quarantine", second / ".imgdedup-quarantine");
  fs::permissions(second / ".imgdedup-quarantine", fs::perms::owner_all);
  write_file(second / ".imgdedup-quarantine/q9-0123456789abcdef.jpg", jpeg(9));
  service.write_settings(quarantine_exact, "  - path: '" + service.root().string() +
                                               "'\n  - path: '" + second.string() + "'\n");
  service.start();
  service.sync();
  CHECK(service.list("quarantine.list").size() == 1);
  CHECK(service.service_log().find("has the same elsewhere") != std::string::npos);
  CHECK(service.service_log().find("without a readable note") != std::string::npos);
  CHECK(count_files(second / ".imgdedup-quarantine", ".jpg") == 2);
  CHECK(service.ctl({"quarantine", "restore", "--all"}).exit_status == 0);
  CHECK(read_file(service.root() / "b.jpg") == jpeg(1));
  // As it would be after the next backup of the folder.
  CHECK(count_files(second / ".imgdedup-quarantine", ".json") == 1);
}

TEST_CASE("m5-restore-nodb: half a copy on its way back does not become the owner's file") {
  const OtherMount other("m5-restore-nodb");
  if (!other.is_there()) return;
  Service service;
  service.write_settings(quarantine_exact, "  - {path: '" + service.root().string() +
                                               "', quarantine: '" + (other.path() / "q").string() +
                                               "'}\n");
  write_file(service.root() / "a.jpg", jpeg(1));
  service.start();
  service.sync();
  write_file(service.root() / "b.jpg", jpeg(1));
  service.sync();
  CHECK(service.stop() == 0);
  for (const char* point : {"copy_begun", "copy_written"}) {
    CAPTURE(std::string(point));
    service.start({{"IMGDEDUPD_CRASH_AT", point}});
    service.sync();
    (void)service.ctl({"quarantine", "restore", "--all"});
    CHECK(service.wait_for_end() == 128 + SIGKILL);
    lose_catalog(service);
    service.start();
    service.sync();
    CHECK_FALSE(fs::exists(service.root() / "b.jpg"));
    CHECK(service.list("quarantine.list").size() == 1);
    CHECK(count_files(service.root(), "") == 1);
    CHECK(service.stop() == 0);
  }
  service.start();
  service.sync();
  CHECK(service.ctl({"quarantine", "restore", "--all"}).exit_status == 0);
  CHECK(read_file(service.root() / "b.jpg") == jpeg(1));
}

TEST_CASE("m5-restore-nodb: a folder that comes while a file is copied is looked into afterwards") {
  const OtherMount other("m5-restore-nodb");
  if (!other.is_there()) return;
  DiskWithQuarantine world;
  lose_catalog(world.service);
  world.take_away();
  world.service.write_settings(quarantine_exact,
                               "  - {path: '" + world.service.root().string() + "', quarantine: '" +
                                   (other.path() / "q").string() + "'}\n  - path: '" +
                                   world.disk_photos().string() + "'\n");
  HoldingPoint held(world.service, "copy_begun");
  world.service.start(held.environment());
  write_file(world.service.root() / "x.jpg", jpeg(2));
  world.service.call("rescan");
  wait_until([&] { return files_known(world.service).size() == 1; }, "the original");
  write_file(world.service.root() / "y.jpg", jpeg(2));
  world.service.call("rescan");
  held.wait();
  world.bring_back();
  world.service.call("rescan");
  wait_until([&] { return world.service.call("status")["roots"][1]["mode"] != "offline"; },
             "the disk");
  held.release();
  world.service.sync();
  wait_until([&] { return world.service.list("quarantine.list").size() == 2; }, "its adoption");
}
