// SPDX-License-Identifier: Apache-2.0
// What was broken off or put off is taken up rightly by a later start.
#include <doctest/doctest.h>
#include <signal.h>

#include "faults/fault_support.h"

using namespace imgdedup::testing;
namespace fs = std::filesystem;

namespace {

constexpr const char* quarantine_exact = "actions: {exact: quarantine}\n";

}  // namespace

TEST_CASE("m2-race: what a crash left half moved does not follow a link out of the folder") {
  Service service(quarantine_exact);
  write_file(service.root() / "a.jpg", jpeg(1));
  service.start({{"IMGDEDUPD_CRASH_AT", "after_rename"}});
  write_file(service.root() / "sub/b.jpg", jpeg(1));
  CHECK(service.wait_for_end() == 128 + SIGKILL);
  const fs::path foreign = service.base() / "foreign";
  fs::create_directory(foreign);
  fs::rename(service.root() / "sub", service.base() / "elsewhere");
  fs::create_directory_symlink(foreign, service.root() / "sub");
  service.start();
  service.sync();
  CHECK(fs::is_empty(foreign));
  auto entries = service.list("quarantine.list");
  REQUIRE(entries.size() == 1);
  CHECK(read_file(entries[0]["quarantine_path"].get<std::string>()) == jpeg(1));
  CHECK(service.service_log().find("a link lies where its folder was") != std::string::npos);

  fs::remove(service.root() / "sub");
  CHECK(service.ctl({"quarantine", "restore", "--all"}).exit_status == 0);
  CHECK(read_file(service.root() / "sub/b.jpg") == jpeg(1));
}

TEST_CASE("m2-race: what cannot be put back in the middle of a move is named, with what to do") {
  Service service(quarantine_exact);
  HoldingPoint held(service, "after_rename");
  const fs::path a = service.root() / "a.jpg";
  const fs::path b = service.root() / "b.jpg";
  write_file(a, jpeg(1));
  service.start(held.environment());
  service.sync();
  write_file(b, jpeg(1));
  held.wait();
  fs::remove(a);
  write_file(b, jpeg(7));
  held.release();
  service.sync();
  const auto entries = service.list("quarantine.list");
  REQUIRE(entries.size() == 1);
  CHECK(entries[0]["last_copy"] == true);
  CHECK(service.service_log().find("stays in quarantine, maybe as the last copy") !=
        std::string::npos);
  CHECK(service.service_log().find("quarantine restore 1") != std::string::npos);
  fs::remove(b);
  CHECK(service.ctl({"quarantine", "restore", "1"}).exit_status == 0);
  CHECK(read_file(b) == jpeg(1));
}

TEST_CASE("m7-loop: a restored file that was unreadable for a while is left alone") {
  Service service(quarantine_exact);
  write_file(service.root() / "a.jpg", jpeg(1));
  service.start();
  service.sync();
  const fs::path b = service.root() / "b.jpg";
  write_file(b, jpeg(1));
  service.sync();
  CHECK(service.ctl({"quarantine", "restore", "--all"}).exit_status == 0);
  service.sync();
  REQUIRE(fs::exists(b));
  CHECK(service.stop() == 0);

  service.write_settings(std::string(quarantine_exact) + "limits: {file_bytes: 10KiB}\n");
  service.start();
  fs::last_write_time(b, fs::file_time_type::clock::now());
  service.call("rescan");
  service.sync();
  REQUIRE(service.list("unreadable").size() == 1);
  CHECK(service.stop() == 0);

  service.write_settings(quarantine_exact);
  service.start();
  service.sync();
  CHECK(service.list("unreadable").empty());
  CHECK(fs::exists(b));
  CHECK(service.list("quarantine.list").empty());
  CHECK(service.log_lines().size() == 1);

  // Changed, it is a file like any other.
  write_file(b, jpeg(3));
  service.sync();
  write_file(b, jpeg(1));
  service.sync();
  CHECK_FALSE(fs::exists(b));
}

TEST_CASE(
    "w6-unmount: what was judged while its original was away is judged again after a restart") {
  Service service;
  const fs::path photos = service.base() / "disk/photos";
  fs::create_directories(photos);
  service.write_settings("actions: {exact: log}\n", "  - path: '" + service.root().string() +
                                                        "'\n  - path: '" + photos.string() + "'\n");
  write_file(photos / "o.jpg", jpeg(1));
  service.start();
  service.sync();
  fs::rename(photos.parent_path(), service.base() / "away");
  service.call("rescan");
  wait_until([&] { return service.call("status")["roots"][1]["mode"] == "offline"; }, "its going");
  write_file(service.root() / "n.jpg", jpeg(1));
  service.call("rescan");
  wait_until(
      [&] {
        const auto status = service.call("status");
        return status["pending"] == 0 && files_known(service).size() == 2;
      },
      "the new file");
  CHECK(service.list("duplicates").empty());
  CHECK(service.stop() == 0);
  service.start();
  wait_until([&] { return service.call("status")["roots"][1]["mode"] == "offline"; }, "its start");
  fs::rename(service.base() / "away", photos.parent_path());
  service.call("rescan");
  wait_until([&] { return service.list("duplicates").size() == 1; }, "the decision");
}
