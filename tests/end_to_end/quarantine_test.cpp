// SPDX-License-Identifier: Apache-2.0
// Duplicates move into quarantine and back; nothing is lost, whatever happens in between.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <set>

#include "end_to_end/service.h"
#include "faults/fault_support.h"
#include "support/drawn_pictures.h"

using namespace imgdedup::testing;
using imgdedup::protocol::Json;
using Strings = std::vector<std::string>;
namespace fs = std::filesystem;

namespace {

constexpr const char* quarantine_exact =
    "actions: {exact: quarantine, pixels: quarantine, near: quarantine}\n";

}  // namespace

TEST_CASE("an exact duplicate goes to quarantine, with its sidecar, and the log says it once") {
  Service service(quarantine_exact);
  service.start();
  write_file(service.root() / "a.jpg", jpeg(1));
  service.sync();
  write_file(service.root() / "sub/b.jpg", jpeg(1));
  struct stat before {};
  ::stat((service.root() / "sub/b.jpg").c_str(), &before);
  service.sync();

  CHECK(fs::exists(service.root() / "a.jpg"));
  CHECK_FALSE(fs::exists(service.root() / "sub/b.jpg"));
  const auto entries = service.list("quarantine.list");
  REQUIRE(entries.size() == 1);
  CHECK(entries[0]["last_copy"] == false);
  const fs::path place = entries[0]["quarantine_path"].get<std::string>();
  CHECK(read_file(place) == jpeg(1));
  struct stat after {};
  ::stat(place.c_str(), &after);
  CHECK(after.st_ino == before.st_ino);
  CHECK(after.st_mtim.tv_nsec == before.st_mtim.tv_nsec);
  CHECK(count_files(service.root() / ".imgdedup-quarantine", ".json") == 1);
  CHECK(service.log_lines().size() == 1);
  const auto status = service.call("status");
  CHECK(status["quarantined"]["files"] == 1);
  CHECK(status["quarantined"]["orphans"] == 0);
  CHECK(status["moves_done"] == 1);
  CHECK(service.list("files").size() == 1);
}

TEST_CASE("what was only logged is moved when its owner has the settings of now applied to it") {
  Service service;
  const std::string kept = service.base() / "kept";
  const std::string roots =
      "  - {path: " + service.root().string() + "}\n  - {path: " + kept + ", protect: true}\n";
  service.write_settings("", roots);
  fs::create_directories(kept);
  service.start();
  write_file(service.root() / "a.jpg", jpeg(1));
  service.sync();
  for (const char* name : {"b.jpg", "c.jpg"}) write_file(service.root() / name, jpeg(1));
  write_file(service.root() / "small.jpg", small_jpeg(1));
  write_file(kept + "/d.jpg", jpeg(1));
  write_file(kept + "/e.jpg", jpeg(1));
  service.sync();
  const auto logged = service.log_lines().size();

  const auto answers = [&](const Json& params) {
    return service.call("quarantine.apply", params)["items"];
  };
  // Nothing is to be moved yet.
  CHECK(answers({{"all", true}}).empty());
  const Json first = service.list("duplicates").back()["id"];
  CHECK(answers({{"ids", {first}}})[0]["message"] == "the setting `actions.exact` is log");
  CHECK(answers({{"ids", {9999}}})[0]["done"] == false);

  service.write_settings("actions: {exact: quarantine}\n", roots);
  service.call("reload");
  service.sync();
  CHECK(service.list("quarantine.list").empty());
  const ProgramResult applied = service.ctl({"quarantine", "apply", "--all"});
  CAPTURE(applied.errors);
  CHECK(applied.exit_status == 0);
  service.sync();
  Strings moved;
  for (const Json& entry : service.list("quarantine.list"))
    moved.push_back(fs::path(entry["path"].get<std::string>()).filename());
  std::sort(moved.begin(), moved.end());
  for (const std::string& name : moved)
    CHECK(applied.output.find("judged anew " + (service.root() / name).string() + "\n") !=
          std::string::npos);
  CHECK(moved == Strings{"a.jpg", "b.jpg", "c.jpg"});
  CHECK(count_files(service.root() / ".imgdedup-quarantine", ".jpg") == 3);
  // Nothing is moved out of a protected folder; that it was asked for stands in the log once.
  CHECK(fs::exists(kept + "/d.jpg"));
  CHECK(fs::exists(kept + "/e.jpg"));
  CHECK(fs::exists(service.root() / "small.jpg"));
  const auto lines = service.log_lines();
  REQUIRE(lines.size() == logged + 4);
  std::size_t limited = 0;
  for (std::size_t i = logged; i < lines.size(); ++i) {
    CHECK(lines[i]["supersedes"].is_number());
    if (lines[i]["action_limit"] == "protected") ++limited;
  }
  CHECK(limited == 1);

  // A second time there is nothing left to do.
  CHECK(service.ctl({"quarantine", "apply", "--all"}).output == "Nothing to be judged anew.\n");
  service.sync();
  CHECK(service.log_lines().size() == lines.size());
  const Json quarantined = service.list("quarantine.list").front()["id"];
  CHECK(answers({{"ids", {quarantined}}})[0]["message"] ==
        "the decision does not stand, it is quarantined");
  CHECK(service.ctl({"quarantine", "apply"}).exit_status == 2);
}

TEST_CASE("a restored file lies where it was and is left alone until it changes") {
  Service service(quarantine_exact);
  service.start();
  write_file(service.root() / "a.jpg", jpeg(1));
  service.sync();
  write_file(service.root() / "sub/b.jpg", jpeg(1));
  service.sync();
  fs::remove(service.root() / "sub");
  const auto id = service.list("quarantine.list").at(0)["id"];
  const auto restored = service.call("quarantine.restore", {{"ids", {id}}});
  CHECK(restored["items"][0]["done"] == true);
  CHECK(read_file(service.root() / "sub/b.jpg") == jpeg(1));
  service.sync();
  service.call("rescan");
  service.sync();
  service.stop();
  service.start();
  service.sync();
  CHECK(fs::exists(service.root() / "sub/b.jpg"));
  CHECK(service.list("quarantine.list").empty());
  CHECK(service.log_lines().size() == 1);

  write_file(service.root() / "c.jpg", jpeg(2));
  service.sync();
  write_file(service.root() / "sub/b.jpg", jpeg(2));
  service.sync();
  CHECK_FALSE(fs::exists(service.root() / "sub/b.jpg"));
}

TEST_CASE("restoring never replaces what lies there by now") {
  Service service(quarantine_exact);
  service.start();
  write_file(service.root() / "a.jpg", jpeg(1));
  service.sync();
  write_file(service.root() / "b.jpg", jpeg(1));
  service.sync();
  write_file(service.root() / "b.jpg", jpeg(5));
  service.sync();
  const auto id = service.list("quarantine.list").at(0)["id"];
  const auto result = service.ctl({"quarantine", "restore", std::to_string(id.get<int>())});
  CHECK(result.exit_status == 1);
  CHECK(read_file(service.root() / "b.jpg") == jpeg(5));
  CHECK(service.list("quarantine.list").size() == 1);
}

TEST_CASE("the last copy of a content is not purged without force") {
  Service service(quarantine_exact);
  service.start();
  write_file(service.root() / "a.jpg", jpeg(1));
  service.sync();
  write_file(service.root() / "b.jpg", jpeg(1));
  service.sync();
  const auto id = std::to_string(service.list("quarantine.list").at(0)["id"].get<int>());
  fs::remove(service.root() / "a.jpg");
  service.sync();
  CHECK(service.call("status")["quarantined"]["orphans"] == 1);
  CHECK(service.list("quarantine.list", {{"orphans", true}}).size() == 1);
  CHECK(service.ctl({"quarantine", "purge", id}).exit_status == 1);
  CHECK(service.list("quarantine.list").size() == 1);
  CHECK(service.ctl({"quarantine", "purge", "--force", id}).exit_status == 0);
  CHECK(service.list("quarantine.list").empty());
  CHECK(count_files(service.root() / ".imgdedup-quarantine", "") == 0);
}

TEST_CASE("two equal files that arrive together: exactly one of each pair stays") {
  Service service(quarantine_exact);
  service.start();
  constexpr int pairs = 60;
  for (int i = 0; i < pairs; ++i) {
    const std::string bytes =
        encode_picture(draw_picture(static_cast<std::uint64_t>(i) + 100, {160, 120}), ".jpg", 90);
    write_file(service.root() / ("x" + std::to_string(i) + ".jpg"), bytes);
    write_file(service.root() / ("y" + std::to_string(i) + ".jpg"), bytes);
  }
  service.sync();
  for (int i = 0; i < pairs; ++i) {
    const bool has_x = fs::exists(service.root() / ("x" + std::to_string(i) + ".jpg"));
    const bool has_y = fs::exists(service.root() / ("y" + std::to_string(i) + ".jpg"));
    CAPTURE(i);
    CHECK(has_x != has_y);
  }
  CHECK(service.list("quarantine.list").size() == pairs);
  CHECK(service.log_lines().size() == pairs);
}

TEST_CASE("nothing moves out of a protected folder, and its files win as originals") {
  TemporaryDirectory folders;
  const fs::path archive = folders / "archive";
  const fs::path inbox = folders / "inbox";
  fs::create_directories(archive);
  fs::create_directories(inbox);
  Service service(quarantine_exact, "  - {path: '" + inbox.string() + "'}\n  - {path: '" +
                                        archive.string() + "', protect: true}\n");
  service.start();
  write_file(inbox / "new.jpg", jpeg(1));
  service.sync();
  write_file(archive / "old.jpg", jpeg(1));
  service.sync();
  CHECK_FALSE(fs::exists(inbox / "new.jpg"));
  CHECK(fs::exists(archive / "old.jpg"));
  write_file(archive / "again.jpg", jpeg(1));
  service.sync();
  CHECK(fs::exists(archive / "again.jpg"));
  CHECK(service.list("duplicates").size() == 2);
}

TEST_CASE("a live photo's still is not taken from its film") {
  Service service(quarantine_exact);
  service.start();
  write_file(service.root() / "IMG_0001.HEIC.jpg", jpeg(1));
  service.sync();
  write_file(service.root() / "copies/IMG_0001.MOV", "a film");
  write_file(service.root() / "copies/IMG_0001.JPG", jpeg(1));
  write_file(service.root() / "copies/IMG_0002.JPG", jpeg(1));
  service.sync();
  CHECK(fs::exists(service.root() / "copies/IMG_0001.JPG"));
  CHECK_FALSE(fs::exists(service.root() / "copies/IMG_0002.JPG"));
  const auto lines = service.log_lines();
  REQUIRE(lines.size() == 2);
  for (const auto& line : lines) {
    const bool is_still = line["path"].get<std::string>().ends_with("IMG_0001.JPG");
    CHECK(line["relation"] == "exact");
    CHECK(line["action"] == (is_still ? "log" : "quarantine"));
    CHECK(line["action_limit"] == (is_still ? Json("live-photo") : Json()));
  }
}

TEST_CASE("a hard-linked duplicate stays: moving one of its names gains nothing") {
  Service service(quarantine_exact);
  service.start();
  write_file(service.root() / "a.jpg", jpeg(1));
  service.sync();
  write_file(service.base() / "linked.jpg", jpeg(1));
  fs::create_hard_link(service.base() / "linked.jpg", service.root() / "b.jpg");
  service.sync();
  CHECK(fs::exists(service.root() / "b.jpg"));
  const auto decisions = service.list("duplicates");
  REQUIRE(decisions.size() == 1);
  CHECK(decisions[0]["action"] == "log");
  CHECK(decisions[0]["action_limit"] == "hard-linked");
}

TEST_CASE("killed at any point of a move, the service finds one intact copy and goes on") {
  for (const char* point :
       {"after_verify", "before_intent", "after_intent", "after_sidecar", "before_rename",
        "after_rename", "after_sync", "after_commit", "before_log_append", "after_log_append"}) {
    CAPTURE(point);
    Service service(quarantine_exact);
    service.start({{"IMGDEDUPD_CRASH_AT", point}});
    write_file(service.root() / "a.jpg", jpeg(1));
    write_file(service.root() / "b.jpg", jpeg(1));
    CHECK(service.wait_for_end() == 128 + SIGKILL);
    service.start();
    service.sync();
    const bool has_a = fs::exists(service.root() / "a.jpg");
    const bool has_b = fs::exists(service.root() / "b.jpg");
    CHECK(has_a != has_b);
    CHECK(count_files(service.root() / ".imgdedup-quarantine", ".jpg") == 1);
    CHECK(count_files(service.root() / ".imgdedup-quarantine", ".json") == 1);
    CHECK(service.list("quarantine.list").size() == 1);
    CHECK(service.log_lines().size() == 1);
  }
}

TEST_CASE("a lost catalog takes what lies in quarantine in again, by its sidecars") {
  Service service(quarantine_exact);
  service.start();
  write_file(service.root() / "a.jpg", jpeg(1));
  service.sync();
  write_file(service.root() / "b.jpg", jpeg(1));
  service.sync();
  service.stop();
  for (const char* ending : {"", "-wal", "-shm"}) fs::remove(service.catalog().string() + ending);
  service.start();
  service.sync();
  const auto entries = service.list("quarantine.list");
  REQUIRE(entries.size() == 1);
  CHECK(entries[0]["path"] == (service.root() / "b.jpg").string());
  const auto id = std::to_string(entries[0]["id"].get<int>());
  CHECK(service.ctl({"quarantine", "restore", id}).exit_status == 0);
  CHECK(read_file(service.root() / "b.jpg") == jpeg(1));
}

TEST_CASE("pictures declared distinct are no duplicates, whatever happens to their names") {
  Service service;
  service.start();
  write_file(service.root() / "a.jpg", jpeg(1));
  service.sync();
  write_file(service.root() / "b.jpg", jpeg(1, 60));
  service.sync();
  CHECK(service.decisions() == Strings{"near b.jpg < a.jpg"});
  const Json pair{{"first", (service.root() / "a.jpg").string()},
                  {"second", (service.root() / "b.jpg").string()}};
  CHECK(service.call("distinct", pair)["changed"] == true);
  service.sync();
  CHECK(service.decisions().empty());
  fs::rename(service.root() / "b.jpg", service.root() / "c.jpg");
  fs::last_write_time(service.root() / "c.jpg", fs::file_time_type::clock::now());
  service.stop();
  service.start();
  service.sync();
  CHECK(service.decisions().empty());
  const auto undone = service.ctl({"distinct", "--undo", (service.root() / "a.jpg").string(),
                                   (service.root() / "c.jpg").string()});
  CHECK(undone.exit_status == 0);
  service.sync();
  CHECK(service.decisions() == Strings{"near c.jpg < a.jpg"});
}

TEST_CASE("a watched folder that vanishes is offline: its rows stay, nothing is decided by it") {
  Service service(quarantine_exact);
  service.start();
  write_file(service.root() / "a.jpg", jpeg(1));
  write_file(service.root() / "b.jpg", jpeg(2));
  service.sync();
  fs::rename(service.root(), service.base() / "away");
  wait_until([&] { return service.call("status")["roots"][0]["mode"] == "offline"; },
             "the root to be offline");
  CHECK(service.call("status")["state"] == "degraded");
  CHECK(service.list("files").size() == 2);
  fs::rename(service.base() / "away", service.root());
  wait_until([&] { return service.call("status")["roots"][0]["mode"] == "events"; },
             "the root to be back");
  service.sync();
  write_file(service.root() / "c.jpg", jpeg(1));
  service.sync();
  CHECK(service.list("quarantine.list").size() == 1);
}
