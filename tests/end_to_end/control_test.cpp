// SPDX-License-Identifier: Apache-2.0
// What a person and a script meet: imgdedupctl's words and exit statuses, settings and their
// errors.
#include <doctest/doctest.h>
#include <signal.h>

#include <fstream>
#include <set>

#include "end_to_end/service.h"
#include "faults/fault_support.h"
#include "protocol/command_table.h"
#include "support/drawn_pictures.h"

using namespace imgdedup::testing;
using imgdedup::protocol::Json;
namespace fs = std::filesystem;

TEST_CASE("status after sync, and after a change, shows what these have done") {
  Service service("actions: {exact: quarantine}\n");
  // As if counting took so long that its figures served for a minute.
  service.start({{"IMGDEDUPD_COUNT_AGE_MS", "60000"}});
  CHECK(service.call("status")["images"] == 0);
  write_file(service.root() / "a.jpg", jpeg(1));
  service.sync();
  CHECK(service.call("status")["images"] == 1);
  write_file(service.root() / "b.jpg", jpeg(1));
  service.sync();
  CHECK(service.call("status")["quarantined"]["files"] == 1);
  REQUIRE(service.ctl({"quarantine", "restore", "--all"}).exit_status == 0);
  CHECK(service.call("status")["quarantined"]["files"] == 0);
}

TEST_CASE("status --json has every field that scripts are promised") {
  Service service;
  service.start();
  service.sync();
  const auto result = service.ctl({"--json", "status"});
  REQUIRE(result.exit_status == 0);
  const Json status = Json::parse(result.output);
  for (const char* field : {"version", "state", "pid", "uptime_seconds", "images", "contents",
                            "bytes", "pending", "unreadable", "images_per_second", "memory_bytes",
                            "roots", "duplicates", "quarantined", "index", "last_error"}) {
    CAPTURE(field);
    CHECK(status.contains(field));
  }
  for (const char* field :
       {"path", "mode", "images", "directories", "last_reconcile", "lost_events", "error"})
    CHECK(status["roots"][0].contains(field));
  CHECK(status["pid"] == service.pid());
}

TEST_CASE("a decision has every field that scripts are promised, in listing, log and events") {
  Service service;
  service.start();
  write_file(service.root() / "a.jpg", jpeg(1));
  service.sync();
  write_file(service.root() / "b.jpg", jpeg(1, 60));
  service.sync();
  const Json listed = Json::parse(service.ctl({"--json", "duplicates"}).output).at(0);
  for (const char* field : {"id", "relation", "path", "original", "action", "evidence", "content",
                            "original_content", "decided_at", "state"})
    CHECK(listed.contains(field));
  for (const char* field : {"distance_bits", "ssim", "inliers", "similarity", "mirrored",
                            "rotation_degrees", "scale", "overlap"})
    CHECK(listed["evidence"].contains(field));
  CHECK(listed["evidence"]["ssim"].get<double>() > 0.5);
  CHECK(service.log_lines().at(0) == listed);
  CHECK(Json::parse(service.ctl({"events"}).output) == listed);
}

TEST_CASE("query says what a file outside the watched folders would be, and records nothing") {
  Service service;
  service.start();
  write_file(service.root() / "a.jpg", jpeg(1));
  service.sync();
  write_file(service.base() / "same.jpg", jpeg(1));
  write_file(service.base() / "near.jpg", jpeg(1, 50));
  write_file(service.base() / "new.jpg", jpeg(7));
  write_file(service.base() / "text.txt", "hello");
  const auto result =
      service.ctl({"--json", "query", (service.base() / "same.jpg").string(),
                   (service.base() / "near.jpg").string(), (service.base() / "new.jpg").string(),
                   (service.base() / "text.txt").string()});
  REQUIRE(result.exit_status == 0);
  const Json items = Json::parse(result.output);
  CHECK(items[0]["relation"] == "exact");
  CHECK(items[0]["original"] == (service.root() / "a.jpg").string());
  CHECK(items[1]["relation"] == "near");
  CHECK(items[2]["judged"] == "original");
  CHECK(items[3]["judged"] == "not-an-image");
  CHECK(service.decisions().empty());
  CHECK(service.list("files").size() == 1);
}

TEST_CASE("explain tells of any two files what they are to each other, and records nothing") {
  Service service;
  service.start();
  write_file(service.root() / "a.jpg", jpeg(1));
  service.sync();
  write_file(service.root() / "b.jpg", jpeg(1, 50));
  write_file(service.root() / "c.jpg", jpeg(7));
  service.sync();
  write_file(service.base() / "outside.jpg", jpeg(1, 60));
  write_file(service.base() / "text.txt", "hello");
  const auto decisions = service.decisions();
  const auto explained = [&](const fs::path& a, const fs::path& b) {
    const auto result = service.ctl({"--json", "explain", a.string(), b.string()});
    CHECK(result.errors == "");
    return Json::parse(result.output);
  };
  const Json near = explained(service.root() / "b.jpg", service.root() / "a.jpg");
  CHECK(near["relation"] == "near");
  CHECK(near["duplicate"] == "A");
  CHECK(near["decision"] == service.list("duplicates").at(0)["id"]);
  CHECK(near["same_bytes"] == false);
  const Json other = explained(service.root() / "a.jpg", service.root() / "c.jpg");
  CHECK(other["relation"].is_null());
  CHECK(other["decision"].is_null());
  const Json outside = explained(service.root() / "a.jpg", service.base() / "outside.jpg");
  CHECK(outside["duplicate"] == "B");
  CHECK(outside["files"][1]["id"].is_null());
  CHECK(outside["decision"].is_null());
  const Json alias = explained(service.root() / "a.jpg", service.root() / "a.jpg");
  CHECK(alias["steps"][0]["decides"] == true);
  const auto text = service.ctl(
      {"explain", (service.root() / "a.jpg").string(), (service.base() / "text.txt").string()});
  CHECK(text.exit_status == 1);
  CHECK(text.output.find("B cannot be judged as an image") != std::string::npos);
  CHECK(service.ctl({"explain", (service.root() / "a.jpg").string(), "/nowhere"}).exit_status == 1);

  CHECK(service
            .ctl({"distinct", (service.root() / "a.jpg").string(),
                  (service.root() / "b.jpg").string()})
            .exit_status == 0);
  service.sync();
  const Json distinct = explained(service.root() / "a.jpg", service.root() / "b.jpg");
  CHECK(distinct["relation"].is_null());
  CHECK(distinct["steps"].back()["step"] == "declared-distinct");
  CHECK(service.list("files").size() == 3);
  CHECK(decisions.size() == 1);
}

TEST_CASE("export sorts the files into two folders, and a second time leaves what holds then") {
  Service service("actions: {exact: quarantine}\n");
  service.start();
  write_file(service.root() / "a.jpg", jpeg(1));
  write_file(service.root() / "sub" / "c.jpg", jpeg(7));
  service.sync();
  write_file(service.root() / "b.jpg", jpeg(1, 50));
  write_file(service.root() / "moved.jpg", jpeg(7));
  service.sync();
  wait_until([&] { return !fs::exists(service.root() / "moved.jpg"); }, "the move");
  const fs::path duplicates = service.base() / "d", unique = service.base() / "u";
  const auto exported = [&] {
    const auto result = service.ctl(
        {"--json", "export", "--duplicates", duplicates.string(), "--unique", unique.string()});
    CHECK(result.errors == "");
    CHECK(result.exit_status == 0);
    return Json::parse(result.output);
  };
  const auto names_in = [](const fs::path& folder) {
    std::set<std::string> names;
    for (const auto& each : fs::directory_iterator(folder))
      if (each.path().filename().string().front() != '.')
        names.insert(each.path().filename().string());
    return names;
  };
  exported();
  CHECK(names_in(duplicates / "photos") == std::set<std::string>{"b.jpg", "moved.jpg"});
  CHECK(names_in(unique / "photos") == std::set<std::string>{"a.jpg", "sub"});
  CHECK(read_file(unique / "photos/sub/c.jpg") == jpeg(7));
  CHECK(read_file(duplicates / "photos/moved.jpg") == jpeg(7));
  CHECK(names_in(duplicates) == std::set<std::string>{"duplicates.csv", "photos"});
  CHECK(exported()["unique"]["copied"] == 0);

  fs::remove(service.root() / "a.jpg");
  CHECK(service.ctl({"rescan"}).exit_status == 0);
  service.sync();
  const Json again = exported();
  CHECK(again["duplicates"]["removed"] == 1);
  CHECK(names_in(duplicates / "photos") == std::set<std::string>{"moved.jpg"});
  CHECK(names_in(unique / "photos") == std::set<std::string>{"b.jpg", "sub"});
  CHECK(service
            .ctl({"export", "--duplicates", duplicates.string(), "--unique",
                  (service.root() / "u").string()})
            .exit_status == 1);
  CHECK(!fs::exists(service.root() / "u"));
}

TEST_CASE("export leaves its copy of a file that has been cut off since") {
  Service service;
  service.start();
  write_file(service.root() / "a.jpg", jpeg(1));
  write_file(service.root() / "other.jpg", jpeg(2));
  service.sync();
  const fs::path unique = service.base() / "u";
  const auto exported = [&] {
    return service
        .ctl({"export", "--duplicates", (service.base() / "d").string(), "--unique",
              unique.string()})
        .exit_status;
  };
  CHECK(exported() == 0);
  fs::resize_file(service.root() / "a.jpg", jpeg(1).size() / 2);
  service.sync();
  CHECK(service.list("unreadable").size() == 1);
  CHECK(exported() == 0);
  CHECK(read_file(unique / "photos/a.jpg") == jpeg(1));
}

TEST_CASE("explain knows a file that lies in quarantine") {
  Service service("actions: {exact: quarantine}\n");
  service.start();
  write_file(service.root() / "a.jpg", jpeg(1));
  service.sync();
  write_file(service.root() / "b.jpg", jpeg(1));
  service.sync();
  wait_until([&] { return !fs::exists(service.root() / "b.jpg"); }, "the move");
  const Json entry = service.list("quarantine.list").at(0);
  const auto result = service.ctl({"--json", "explain", (service.root() / "a.jpg").string(),
                                   entry["quarantine_path"].get<std::string>()});
  REQUIRE(result.exit_status == 0);
  const Json explained = Json::parse(result.output);
  CHECK(explained["duplicate"] == "B");
  CHECK(explained["decision"] == entry["id"]);
  CHECK(explained["conclusion"] == "B is a duplicate of A (exact): it lies in quarantine");
}

TEST_CASE("shots of a series are logged as such and never moved; a copy of one is found") {
  Service service("actions: {exact: quarantine, near: quarantine}\n");
  service.start();
  write_file(service.root() / "IMG_0001.jpg", jpeg(1));
  write_file(service.root() / "IMG_0002.jpg", jpeg(1, 80));
  service.sync();
  write_file(service.root() / "copy" / "x.jpg", jpeg(1, 80));
  service.sync();
  std::map<std::string, Json> by_name;
  for (const Json& decision : service.list("duplicates"))
    by_name[fs::path(decision["path"].get<std::string>()).filename().string()] = decision;
  REQUIRE(by_name.size() == 2);
  CHECK(by_name["IMG_0002.jpg"]["action_limit"] == "burst");
  CHECK(by_name["IMG_0002.jpg"]["state"] == "standing");
  CHECK(by_name["x.jpg"]["relation"] == "exact");
  CHECK(by_name["x.jpg"]["original"] == (service.root() / "IMG_0002.jpg").string());
  wait_until([&] { return !fs::exists(service.root() / "copy" / "x.jpg"); }, "the move");
  CHECK(fs::exists(service.root() / "IMG_0001.jpg"));
  CHECK(fs::exists(service.root() / "IMG_0002.jpg"));
}

TEST_CASE("pause holds decisions back until resume") {
  Service service;
  service.start();
  service.sync();
  CHECK(service.ctl({"pause"}).exit_status == 0);
  CHECK(service.ctl({"sync"}).exit_status == 0);  // nothing waits
  write_file(service.root() / "a.jpg", jpeg(1));
  const auto waited = service.ctl({"sync", "--timeout", "1s"});
  CHECK(waited.exit_status == 4);
  CHECK_MESSAGE(waited.errors.find("paused") != std::string::npos, waited.errors);
  // Without a limit nobody waits for a `resume` in silence.
  const auto refused = service.ctl({"sync"});
  CHECK(refused.exit_status == 1);
  CHECK_MESSAGE(
      refused.errors.find("paused, and 1 file waits for its decision until") != std::string::npos,
      refused.errors);
  CHECK_MESSAGE(refused.errors.find("imgdedupctl resume") != std::string::npos, refused.errors);
  CHECK(service.call("status")["state"] == "paused");
  CHECK(service.call("status")["pending"] == 1);
  CHECK(service.ctl({"resume"}).exit_status == 0);
  service.sync();
  CHECK(service.call("status")["images"] == 1);
}

TEST_CASE("rescan of a folder that is not there, or is none, is an error") {
  Service service;
  service.start();
  write_file(service.root() / "trip" / "a.jpg", jpeg(1));
  service.sync();
  const auto nowhere = service.ctl({"rescan", service.root() / "nowhere"});
  CHECK(nowhere.exit_status == 1);
  CHECK(nowhere.errors ==
        "imgdedupctl: " + (service.root() / "nowhere").string() + ": No such file or directory\n");
  CHECK(service.ctl({"rescan", service.root() / "trip" / "a.jpg"}).exit_status == 1);
  for (const auto& folder : {service.root() / "trip", service.root()}) {
    const auto compared = service.ctl({"rescan", folder});
    CHECK(compared.output == "Comparing; `imgdedupctl sync` waits for the end.\n");
    CHECK(compared.exit_status == 0);
  }
}

TEST_CASE("exit statuses: 2 for wrong usage, 3 when nobody answers") {
  Service service;
  CHECK(service.ctl({"status"}).exit_status == 3);
  CHECK(service.ctl({"no-such-command"}).exit_status == 2);
  const auto wrong = run_program({IMGDEDUPD_PATH, "--no-such-option"});
  CHECK(wrong.exit_status == 2);
  CHECK(wrong.errors.starts_with("imgdedupd: "));
  CHECK(run_program({IMGDEDUPD_PATH, "--version"}).exit_status == 0);
}

TEST_CASE("--check-config prints every problem with file, line and key, and ends with 2") {
  const TemporaryDirectory directory;
  const auto path = (directory / "bad.yaml").string();
  write_file(path, "watch:\n  - path: photos\n    recusive: true\nsettle_time: 5\nkeep: best\n");
  const auto result = run_program({IMGDEDUPD_PATH, "--check-config", "--config", path});
  CHECK(result.exit_status == 2);
  const std::string text = result.output + result.errors;
  CHECK(text.find(path + ":2: watch[0].path: ") != std::string::npos);
  CHECK(text.find(path + ":3: watch[0].recusive: ") != std::string::npos);
  CHECK(text.find(path + ":4: settle_time: ") != std::string::npos);
  CHECK(text.find(path + ":5: keep: ") != std::string::npos);

  write_file(path, "watch:\n  - path: " + directory.path().string() + "/photos\n");
  CHECK(run_program({IMGDEDUPD_PATH, "--check-config", "--config", path}).exit_status == 0);
}

TEST_CASE("metrics are Prometheus text") {
  Service service;
  service.start();
  service.sync();
  const auto result = service.ctl({"metrics"});
  CHECK(result.exit_status == 0);
  CHECK(result.output.find("# TYPE imgdedupd_images gauge\nimgdedupd_images 0\n") !=
        std::string::npos);
}

TEST_CASE("files made by the service are for its user alone, the socket for its group too") {
  Service service;
  service.start();
  service.sync();
  const auto others = fs::perms::others_all;
  CHECK((fs::status(service.catalog()).permissions() & others) == fs::perms::none);
  CHECK((fs::status(service.socket()).permissions() & others) == fs::perms::none);
}
