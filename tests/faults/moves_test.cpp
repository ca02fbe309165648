// SPDX-License-Identifier: Apache-2.0
// Never the last copy, and never another file than the one that was judged: the world changes at
// the worst moments of a move.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <fstream>
#include <thread>

#include "faults/catalog_support.h"
#include "faults/fault_support.h"
#include "faults/lease_probe.h"
#include "support/drawn_pictures.h"

using namespace imgdedup::testing;
using imgdedup::protocol::Json;
namespace fs = std::filesystem;

namespace {

constexpr const char* quarantine_all =
    "actions: {exact: quarantine, pixels: quarantine, near: quarantine}\n";

/// a.jpg and sub/b.jpg with the same bytes; the service stands at `point` of moving the second.
struct HeldMove {
  explicit HeldMove(const char* point)
      : service("actions: {exact: quarantine}\n"), held(service, point) {
    for (const char* name : {"outside", "protected"}) fs::create_directory(service.base() / name);
    service.write_settings("actions: {exact: quarantine}\n",
                           "  - {path: '" + service.root().string() + "'}\n  - {path: '" +
                               (service.base() / "protected").string() + "', protect: true}\n");
    write_file(a(), jpeg(1));
    service.start(held.environment());
    service.sync();
    write_file(b(), jpeg(1));
    held.wait();
  }
  fs::path a() const { return service.root() / "a.jpg"; }
  fs::path b() const { return service.root() / "sub/b.jpg"; }
  fs::path quarantine() const { return service.root() / ".imgdedup-quarantine"; }

  Service service;
  HoldingPoint held;
};

void mend_and_check_nothing_left(HeldMove& move) {
  check_files_become_known(move.service);
  CHECK(count_files(move.quarantine(), ".json") == move.service.list("quarantine.list").size());
  CHECK(count_files(move.quarantine(), ".jpg") == move.service.list("quarantine.list").size());
}

}  // namespace

TEST_CASE("k1-keeper-deleted: a duplicate whose original goes in the last moment stays") {
  HeldMove move("after_verify");
  SUBCASE("deleted") { fs::remove(move.a()); }
  SUBCASE("moved out") { fs::rename(move.a(), move.service.base() / "elsewhere.jpg"); }
  SUBCASE("replaced") {
    write_file(move.service.base() / "new.jpg", jpeg(2));
    fs::rename(move.service.base() / "new.jpg", move.a());
  }
  SUBCASE("overwritten") { write_file(move.a(), jpeg(2)); }
  move.held.release();
  move.service.sync();
  CHECK(read_file(move.b()) == jpeg(1));
  CHECK(move.service.list("quarantine.list").empty());
  mend_and_check_nothing_left(move);
}

TEST_CASE("k1-keeper-deleted: right before or after the rename, the duplicate stays or returns") {
  for (const char* point : {"before_rename", "after_rename"}) {
    INFO("at ", std::string(point));
    HeldMove move(point);
    fs::remove(move.a());
    move.held.release();
    move.service.sync();
    CHECK(read_file(move.b()) == jpeg(1));
    CHECK(move.service.list("quarantine.list").empty());
    mend_and_check_nothing_left(move);
  }
}

TEST_CASE("m2-race: a duplicate that is replaced in the last moment stays, and is judged anew") {
  for (const char* point : {"after_verify", "before_intent", "before_rename"}) {
    INFO("at ", std::string(point));
    HeldMove move(point);
    write_file(move.service.base() / "new.jpg", jpeg(7));
    fs::rename(move.service.base() / "new.jpg", move.b());
    move.held.release();
    move.service.sync();
    CHECK(read_file(move.a()) == jpeg(1));
    CHECK(read_file(move.b()) == jpeg(7));
    CHECK(move.service.list("quarantine.list").empty());
    CHECK(move.service.decisions().empty());
    mend_and_check_nothing_left(move);
  }
}

TEST_CASE("m2-race: a duplicate that somebody begins to write in the last moment stays") {
  for (const char* point : {"after_verify", "before_rename", "after_rename", "after_sync"}) {
    INFO("at ", std::string(point));
    HeldMove move(point);
    const bool is_taken =
        std::string_view(point).starts_with("after_r") || std::string_view(point) == "after_sync";
    fs::path place = move.b();
    if (is_taken)
      for (const auto& entry : fs::directory_iterator(move.quarantine()))
        if (entry.path().extension() == ".jpg") place = entry.path();
    // This open fails at once, and tells the holder of the lease that somebody wants to write.
    const int refused = ::open(place.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (refused >= 0) {
      ::close(refused);
      if (!can_lease_in(place.parent_path()))
        std::printf("SKIPPED: a writer in the last moment (no leases here)\n");
      else
        FAIL_CHECK("the service has no lease on the file that it moves");
      return;
    }
    std::atomic<pid_t> writer_id = 0;
    std::thread writer([&] {
      writer_id = ::gettid();
      const imgdedup::posix::UniqueDescriptor file(
          ::open(place.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
      (void)!::write(file.get(), "more", 4);
    });
    // Let on only when it waits in its open.
    wait_until(
        [&] {
          const std::string task = "/proc/self/task/" + std::to_string(writer_id);
          return writer_id != 0 &&
                 read_file(task + "/syscall").starts_with(std::to_string(SYS_openat) + " ") &&
                 read_file(task + "/stat").find(") S ") != std::string::npos;
        },
        "the writer to wait");
    move.held.release();
    writer.join();
    move.service.sync();
    CHECK(read_file(move.a()) == jpeg(1));
    // After the last look the move is done; the writer then has the file in quarantine.
    if (std::string_view(point) != "after_sync") CHECK(read_file(move.b()) == jpeg(1) + "more");
    CHECK(count_files(move.service.root(), ".jpg") == 2);
    mend_and_check_nothing_left(move);
  }
}

TEST_CASE("m2-race: a duplicate that is deleted in the last moment leaves nothing behind") {
  for (const char* point : {"after_verify", "before_rename"}) {
    INFO("at ", std::string(point));
    HeldMove move(point);
    fs::remove(move.b());
    move.held.release();
    move.service.sync();
    CHECK(read_file(move.a()) == jpeg(1));
    CHECK(move.service.list("quarantine.list").empty());
    CHECK(move.service.decisions().empty());
    mend_and_check_nothing_left(move);
  }
}

TEST_CASE("m2-race: a file that takes the name of one just moved is left alone") {
  HeldMove move("after_rename");
  write_file(move.b(), jpeg(7));
  move.held.release();
  move.service.sync();
  CHECK(read_file(move.b()) == jpeg(7));
  CHECK(move.service.list("quarantine.list").size() == 1);
  mend_and_check_nothing_left(move);
}

TEST_CASE("m2-race: a folder swapped for a link in the last moment costs nobody a file") {
  for (const char* point : {"after_verify", "before_rename", "after_rename"}) {
    INFO("at ", std::string(point));
    HeldMove move(point);
    const fs::path victim = move.service.base() / "victim";
    const fs::path aside = move.service.base() / "aside";
    write_file(victim / "b.jpg", jpeg(1));
    fs::rename(move.service.root() / "sub", aside);
    fs::create_directory_symlink(victim, move.service.root() / "sub");
    move.held.release();
    move.service.sync();
    CHECK(read_file(victim / "b.jpg") == jpeg(1));
    CHECK(read_file(move.a()) == jpeg(1));
    CHECK(read_file(aside / "b.jpg") == jpeg(1));
    CHECK(count_files(move.quarantine(), "") == 0);
    CHECK(move.service.list("quarantine.list").empty());
    mend_and_check_nothing_left(move);
  }
}

TEST_CASE("m2-race: a folder that leaves in the middle of a move takes its file with it") {
  for (const char* point : {"after_verify", "before_intent", "before_rename", "after_rename"}) {
    for (const char* where : {"outside", "protected"}) {
      INFO("at ", std::string(point), ", to ", std::string(where));
      HeldMove move(point);
      const fs::path gone = move.service.base() / where / "sub";
      fs::rename(move.b().parent_path(), gone);
      move.held.release();
      move.service.sync();
      CHECK(read_file(gone / "b.jpg") == jpeg(1));
      CHECK(read_file(move.a()) == jpeg(1));
      CHECK(count_files(move.quarantine(), "") == 0);
      CHECK(move.service.list("quarantine.list").empty());
      CHECK(move.service.call("status")["moves_undone"] > 0);
    }
  }
}

TEST_CASE("m2-race: a file whose folder was renamed in the middle of its move moves from there") {
  HeldMove move("before_rename");
  fs::rename(move.b().parent_path(), move.service.root() / "renamed");
  move.held.release();
  move.service.sync();
  wait_until([&] { return move.service.list("quarantine.list").size() == 1; }, "the move");
  CHECK(move.service.list("quarantine.list").at(0)["path"] ==
        (move.service.root() / "renamed/b.jpg").string());
  mend_and_check_nothing_left(move);
}

TEST_CASE("a duplicate moves even if its original was touched while it waited for its turn") {
  HeldMove move("after_verify");
  fs::last_write_time(move.a(), fs::file_time_type::clock::now());
  move.held.release();
  move.service.sync();
  wait_until([&] { return move.service.list("quarantine.list").size() == 1; }, "the move",
             std::chrono::seconds(3));
  CHECK(read_file(move.a()) == jpeg(1));
  CHECK(move.service.log_lines().size() == 1);
}

TEST_CASE("m3-fault: where the quarantine cannot be, the file stays and the error says why") {
  Service service(quarantine_all);
  SUBCASE("a file has its name") { write_file(service.root() / ".imgdedup-quarantine", "mine"); }
  SUBCASE("a link has its name") {
    fs::create_directory(service.base() / "elsewhere");
    fs::create_directory_symlink(service.base() / "elsewhere",
                                 service.root() / ".imgdedup-quarantine");
  }
  service.start();
  write_file(service.root() / "a.jpg", jpeg(1));
  service.sync();
  write_file(service.root() / "b.jpg", jpeg(1));
  service.sync();
  CHECK(read_file(service.root() / "b.jpg") == jpeg(1));
  const auto status = service.call("status");
  CHECK(status["moves_failed"] > 0);
  CHECK(status["last_error"].get<std::string>().find(".imgdedup-quarantine") != std::string::npos);
  CHECK(count_files(service.base() / "elsewhere", "") == 0);
  fs::remove(service.root() / ".imgdedup-quarantine");
  service.call("rescan");
  service.sync();
  CHECK(service.list("quarantine.list").size() == 1);
  CHECK(service.log_lines().size() == 1);
}

TEST_CASE("u4-exdev: a usual quarantine folder that is a mount of its own is told, nothing moves") {
  if (!may_mount("u4-exdev")) return;
  TemporaryDirectory folders;
  const fs::path root = folders / "photos";
  const SmallMount other(root / ".imgdedup-quarantine", "1m");
  fs::permissions(root / ".imgdedup-quarantine", fs::perms::owner_all);
  Service service(quarantine_all, "  - {path: '" + root.string() + "'}\n");
  service.start();
  const auto degraded = service.call("status")["degraded"].dump();
  CHECK(degraded.find("another mount") != std::string::npos);
  write_file(root / "a.jpg", jpeg(1));
  service.sync();
  write_file(root / "b.jpg", jpeg(1));
  service.sync();
  CHECK(read_file(root / "b.jpg") == jpeg(1));
  CHECK(service.call("status")["last_error"].get<std::string>().find("another mount") !=
        std::string::npos);
  CHECK(service.list("quarantine.list").empty());
  CHECK(count_files(root / ".imgdedup-quarantine", "") == 0);
  CHECK(service.log_lines().size() == 1);
  std::printf("u4-exdev: told at the start; %s\n", degraded.c_str());
}

TEST_CASE("m3-fault: on a full disk the file stays, and moves when there is room") {
  if (!may_mount("quarantine on a full disk")) return;
  TemporaryDirectory folders;
  const fs::path root = folders / "photos";
  const SmallMount disk(root, "1m");
  Service service(quarantine_all, "  - {path: '" + root.string() + "'}\n");
  service.start();
  write_file(root / "a.jpg", jpeg(1));
  service.sync();
  service.call("pause");
  write_file(root / "b.jpg", jpeg(1));
  std::ofstream filler(root / ".filler", std::ios::binary);
  const std::string block(4096, 'x');
  while (filler.write(block.data(), 4096).flush()) {
  }
  filler.close();
  service.call("resume");
  service.sync();
  CHECK(read_file(root / "b.jpg") == jpeg(1));
  CHECK(service.list("quarantine.list").empty());
  CHECK(service.call("status")["last_error"].get<std::string>().find("No space left") !=
        std::string::npos);
  fs::remove(root / ".filler");
  service.call("rescan");
  service.sync();
  CHECK(service.list("quarantine.list").size() == 1);
  CHECK(count_files(root / ".imgdedup-quarantine", ".json") == 1);
}

TEST_CASE("many files come back from quarantine at once, each to its place") {
  Service service(quarantine_all);
  service.start();
  constexpr int pairs = 30;
  for (std::uint64_t i = 0; i < pairs; ++i)
    write_file(service.root() / (std::to_string(i) + ".jpg"), jpeg(100 + i));
  service.sync();
  for (std::uint64_t i = 0; i < pairs; ++i)
    write_file(service.root() / "deep/er" / (std::to_string(i) + ".jpg"), jpeg(100 + i));
  service.sync();
  CHECK(service.list("quarantine.list").size() == pairs);
  fs::remove_all(service.root() / "deep");
  CHECK(service.ctl({"quarantine", "restore", "--all"}).exit_status == 0);
  service.sync();
  for (std::uint64_t i = 0; i < pairs; ++i)
    CHECK(read_file(service.root() / "deep/er" / (std::to_string(i) + ".jpg")) == jpeg(100 + i));
  CHECK(service.list("quarantine.list").empty());
  CHECK(count_files(service.root() / ".imgdedup-quarantine", "") == 0);
  CHECK(service.log_lines().size() == pairs);
}

TEST_CASE("a near or pixels duplicate in quarantine is the last copy of its bytes") {
  Service service(quarantine_all);
  service.start();
  write_file(service.root() / "a.jpg", jpeg(1, 92));
  service.sync();
  write_file(service.root() / "near.jpg", jpeg(1, 60));
  write_file(service.root() / "pixels.jpg", with_jpeg_comment(jpeg(1, 92), "mine"));
  service.sync();
  const auto entries = service.list("quarantine.list");
  REQUIRE(entries.size() == 2);
  for (const Json& entry : entries) {
    CHECK(entry["last_copy"] == true);
    CHECK(
        service.ctl({"quarantine", "purge", std::to_string(entry["id"].get<int>())}).exit_status ==
        1);
  }
  CHECK(service.list("quarantine.list").size() == 2);
  CHECK(count_files(service.root() / ".imgdedup-quarantine", ".jpg") == 2);
}

TEST_CASE("k1-purge: what is purged is compared, byte by byte, with a copy that stays") {
  Service service(quarantine_all);
  service.start();
  const auto [first, second] = equally_long_pictures();
  write_file(service.root() / "a.bmp", first);
  service.sync();
  write_file(service.root() / "b.bmp", first);
  service.sync();
  const auto entries = service.list("quarantine.list");
  REQUIRE(entries.size() == 1);
  const fs::path place = entries[0]["quarantine_path"].get<std::string>();
  const auto purge = [&] {
    return service.call("quarantine.purge", {{"ids", {entries[0]["id"]}}})["items"][0];
  };
  std::string expected = first;
  SUBCASE("somebody writes into the file in quarantine, through a descriptor from before") {
    overwrite(place, second);
    expected = second;
    const auto listed = service.list("quarantine.list", {{"orphans", true}});
    REQUIRE(listed.size() == 1);
    CHECK(listed[0]["changed"] == true);
    CHECK(listed[0]["last_copy"] == true);
    const Json answer = purge();
    CHECK(answer["done"] == false);
    CHECK(answer["message"].get<std::string>().find("written into it since") != std::string::npos);
  }
  SUBCASE("other bytes stand under the size and the times of the copy that is to stay") {
    // As stores through a mapping leave it, and decay of the disk.
    service.stop();
    overwrite(service.root() / "a.bmp", second);
    struct stat status {};
    REQUIRE(::stat((service.root() / "a.bmp").c_str(), &status) == 0);
    const auto nanoseconds = [](const timespec& time) {
      return std::to_string(std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec);
    };
    OtherProgram(service.catalog())
        .run("UPDATE files SET mtime_ns = " + nanoseconds(status.st_mtim) +
             ", ctime_ns = " + nanoseconds(status.st_ctim));
    service.start();
    service.sync();
    CHECK(purge()["done"] == false);
  }
  CHECK(read_file(place) == expected);
  CHECK(service.list("quarantine.list").size() == 1);
  CHECK(service.ctl({"quarantine", "purge", "--force", entries[0]["id"].dump()}).exit_status == 0);
  CHECK_FALSE(fs::exists(place));
}

TEST_CASE("a copy in quarantine is not purged while the other is being changed") {
  Service service(quarantine_all);
  service.start();
  write_file(service.root() / "a.jpg", jpeg(1));
  service.sync();
  write_file(service.root() / "b.jpg", jpeg(1));
  service.sync();
  const auto id = std::to_string(service.list("quarantine.list").at(0)["id"].get<int>());
  // A writer that is not done yet: what the file is now nobody knows.
  std::ofstream writer(service.root() / "a.jpg", std::ios::binary | std::ios::trunc);
  writer << jpeg(2).substr(0, 1000) << std::flush;
  wait_until([&] { return service.call("status")["pending"] == 1; }, "the change to be seen");
  CHECK(service.ctl({"quarantine", "purge", id}).exit_status == 1);
  CHECK(service.list("quarantine.list").size() == 1);
  CHECK(count_files(service.root() / ".imgdedup-quarantine", ".jpg") == 1);
}
