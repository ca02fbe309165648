// SPDX-License-Identifier: Apache-2.0
#include "ctl/export_plan.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "ctl/export_record.h"
#include "ctl/watched_folders.h"
#include "support/temporary_directory.h"

using namespace imgdedup::ctl;
using namespace imgdedup::protocol;
using imgdedup::matching::ActionLimit;
using imgdedup::matching::DecisionState;
using imgdedup::matching::FileState;
using Words = std::vector<std::string>;

namespace {

FileReport file(std::string path, FileState state = FileState::judged) {
  FileReport report;
  report.path = std::move(path);
  report.state = state;
  report.bytes = 5;
  return report;
}

DecisionReport decision(std::string path, DecisionState state = DecisionState::standing,
                        std::int64_t id = 1) {
  DecisionReport report;
  report.id = id;
  report.path = std::move(path);
  report.original = "/a/photos/original.jpg";
  report.state = state;
  return report;
}

QuarantineEntryReport entry(std::int64_t id, std::string path, std::string quarantine_path) {
  QuarantineEntryReport report;
  report.id = id;
  report.path = std::move(path);
  report.quarantine_path = std::move(quarantine_path);
  return report;
}

/// "a/b < /source/of/it" of each.
Words lines(const PlannedFiles& files) {
  Words result;
  for (const auto& [path, planned] : files) result.push_back(path + " < " + planned.source());
  return result;
}

}  // namespace

TEST_CASE("each root has a folder of its own, named as shortly as tells them apart") {
  CHECK(root_folder_names({"/srv/photos"}) == Words{"photos"});
  CHECK(root_folder_names({"/a/photos", "/b/photos", "/c/other"}) ==
        Words{"a-photos", "b-photos", "other"});
  CHECK(root_folder_names({"/x/a/p", "/y/a/p"}) == Words{"x-a-p", "y-a-p"});
  CHECK(root_folder_names({"/"}) == Words{"root"});
  CHECK(root_folder_names({"/photos", "/a/photos"}) == Words{"photos", "a-photos"});
  CHECK(root_folder_names({"/1/a-b/c", "/1/a/b-c", "/2/c", "/2/b-c"}).size() == 4);
  CHECK(root_folder_names({"/a/unique.csv"}) == Words{"unique.csv-2"});
  const Words odd = root_folder_names({"/p/a-b/c", "/q/c", "/p/a/b-c", "/q/b-c"});
  CHECK(std::set<std::string>(odd.begin(), odd.end()).size() == 4);
}

TEST_CASE("files of the same name in two folders keep apart") {
  ExportPlanner planner({"/a/photos", "/b/photos"});
  planner.add_file(file("/a/photos/x/1.jpg"));
  planner.add_file(file("/b/photos/x/1.jpg"));
  planner.add_file(file("/b/photos/y/1.jpg"));
  CHECK(lines(planner.plan().unique) == Words{"a-photos/x/1.jpg < /a/photos/x/1.jpg",
                                              "b-photos/x/1.jpg < /b/photos/x/1.jpg",
                                              "b-photos/y/1.jpg < /b/photos/y/1.jpg"});
}

TEST_CASE("a decision in force makes a duplicate; companions and others are unique") {
  ExportPlanner planner({"/p"});
  for (const char* name : {"/p/original.jpg", "/p/copy.jpg", "/p/burst.jpg"})
    planner.add_file(file(name));
  planner.add_file(file("/p/waits.jpg", FileState::pending));
  planner.add_file(file("/p/other-name.jpg", FileState::alias));
  planner.add_file(file("/p/broken.jpg", FileState::unreadable));
  planner.add_file(file("/gone/x.jpg"));
  planner.add_decision(decision("/p/copy.jpg"));
  DecisionReport companion = decision("/p/burst.jpg");
  companion.action_limit = ActionLimit::burst;
  planner.add_decision(companion);
  planner.add_decision(decision("/p/waits.jpg"));
  CHECK(lines(planner.plan().duplicates) == Words{"p/copy.jpg < /p/copy.jpg"});
  CHECK(lines(planner.plan().unique) ==
        Words{"p/burst.jpg < /p/burst.jpg", "p/original.jpg < /p/original.jpg"});
  CHECK(planner.plan().undecided == std::set<std::string>{"p/waits.jpg"});
  CHECK(planner.plan().unread == std::set<std::string>{"p/broken.jpg"});
}

TEST_CASE("a quarantined file is a duplicate, taken from where it lies") {
  ExportPlanner planner({"/p"});
  planner.add_file(file("/p/a.jpg"));
  planner.add_decision(decision("/p/a.jpg"));
  planner.add_decision(decision("/p/a.jpg", DecisionState::quarantined, 9));
  planner.add_decision(decision("/p/b", DecisionState::quarantined, 10));
  CHECK(planner.has_quarantined());
  planner.add_quarantined(entry(9, "/p/a.jpg", "/p/.imgdedup-quarantine/q9-x.jpg"));
  planner.add_quarantined(entry(10, "/p/b", "/elsewhere/q10"));
  planner.add_quarantined(entry(11, "/p/not-asked-for", "/elsewhere/q11"));
  CHECK(lines(planner.plan().duplicates) == Words{"p/a.jpg < /p/a.jpg",
                                                  "p/a~9.jpg < /p/.imgdedup-quarantine/q9-x.jpg",
                                                  "p/b < /elsewhere/q10"});
}

TEST_CASE("a list is CSV whose odd names are quoted, and holds what lies there only") {
  PlannedFiles files;
  files["p/a.jpg"] = {"/p", "a.jpg", 5, std::nullopt};
  files["p/b,\"\n.jpg"] = {"/p", "b,\"\n.jpg", 6, decision("/p/b")};
  files["p/c.jpg"] = {"/p", "c.jpg", 7, std::nullopt};
  const std::set<std::string> exported{"p/a.jpg", "p/b,\"\n.jpg"};
  CHECK(list_text(files, exported, false) ==
        "file,source,bytes\r\np/a.jpg,/p/a.jpg,5\r\n"
        "\"p/b,\"\"\n.jpg\",\"/p/b,\"\"\n.jpg\",6\r\n");
  CHECK(list_text(files, exported, true).find(",6,exact,/a/photos/original.jpg,") !=
        std::string::npos);
}

TEST_CASE("a record is read back as it was written, also with its last line cut off") {
  ExportRecord record;
  record.list = ExportStamp{10, 20};
  record.files["p/a\xff.jpg"] = {"/p/a\xff.jpg", ExportForm::copy, {1, 2}, {3, -4}};
  record.files["p/b\n.jpg"] = {"/p/b\n.jpg", ExportForm::link, {5, 6}, {}};
  ExportRecord read;
  read_record(record_text(record), read);
  CHECK(read == record);
  const ExportedFile newer{"/p/other", ExportForm::copy, {7, 8}, {9, 10}};
  read_record(record_line("p/b\n.jpg", newer) + R"({"path": "p/half)", read);
  CHECK(read.files.at("p/b\n.jpg") == newer);
  CHECK(read.files.size() == 2);
  CHECK_THROWS(read_record("nonsense\n", read));
  CHECK_THROWS(read_record("{}\n", read));
  CHECK_THROWS(read_record("{\"imgdedup_export\": 2}\n", read));
}

TEST_CASE("nothing is exported into or around a watched folder, nor into one another") {
  const imgdedup::testing::TemporaryDirectory directory;
  const std::string base = std::filesystem::canonical(directory.path()).string();
  const std::string root = base + "/watched";
  std::filesystem::create_directories(root + "/sub");
  std::filesystem::create_directory_symlink(root + "/sub", base + "/link");
  const Words roots{root};
  CHECK_NOTHROW(check_export_folders(base + "/d", base + "/u", roots));
  CHECK_NOTHROW(check_export_folders(base + "/watched2", base + "/u", roots));
  CHECK_THROWS(check_export_folders(base + "/d", root, roots));
  CHECK_THROWS(check_export_folders(root + "/new/deep", base + "/u", roots));
  CHECK_THROWS(check_export_folders(base + "/link/new", base + "/u", roots));
  CHECK_THROWS(check_export_folders(base, "/elsewhere", roots));
  CHECK_THROWS(check_export_folders(base + "/u", base + "/u", roots));
  CHECK_THROWS(check_export_folders(base + "/u/d", base + "/u", roots));
  CHECK_THROWS(check_export_folders(base + "/d", base + "/u", {"/"}));
}
