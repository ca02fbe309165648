// SPDX-License-Identifier: Apache-2.0
#include "ctl/export_folder.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "support/temporary_directory.h"

using namespace imgdedup::ctl;
using namespace imgdedup::testing;
namespace fs = std::filesystem;

namespace {

struct Outcome {
  ExportFigures figures;
  std::vector<std::string> problems;
};

struct Scene {
  TemporaryDirectory directory;
  fs::path root = directory / "photos";
  fs::path target = directory / "out" / "unique";
  std::vector<std::string> names;  ///< of the files to export
  std::set<std::string> undecided;

  void put(const std::string& name, const std::string& bytes) {
    write_file(root / name, bytes);
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  void drop(const std::string& name) {
    fs::remove(root / name);
    std::erase(names, name);
  }
  [[nodiscard]] PlannedFiles planned() const {
    PlannedFiles files;
    for (const std::string& name : names) {
      std::error_code error;
      const auto bytes = fs::file_size(root / name, error);
      files["photos/" + name] = {root.string(), name, error ? 0 : bytes, std::nullopt};
    }
    return files;
  }
  Outcome run(ExportForm form = ExportForm::copy) const { return run(planned(), form); }
  Outcome run(const PlannedFiles& files, ExportForm form = ExportForm::copy) const {
    ExportFolder folder(target.string(), "unique.csv");
    folder.remove_stale(files, undecided);
    for (const auto& [exported, file] : files) folder.place(exported, file, form);
    folder.finish(files, false);
    Outcome outcome{folder.figures(), {}};
    for (const auto& problem : folder.problems()) outcome.problems.push_back(problem.message);
    return outcome;
  }
  /// Everything in the folder but list and record, with its bytes.
  [[nodiscard]] std::map<std::string, std::string> content() const {
    std::map<std::string, std::string> result;
    for (const auto& each : fs::recursive_directory_iterator(target))
      if (!each.is_directory() && each.path().parent_path() != target)
        result[each.path().lexically_relative(target).string()] =
            each.is_symlink() ? "-> " + fs::read_symlink(each.path()).string()
                              : read_file(each.path());
    return result;
  }
  /// Of everything in it, the times of contents and of inodes.
  [[nodiscard]] std::map<std::string, std::pair<std::int64_t, std::int64_t>> times() const {
    std::map<std::string, std::pair<std::int64_t, std::int64_t>> result;
    const auto add = [&](const fs::path& path) {
      struct stat status {};
      REQUIRE(::lstat(path.c_str(), &status) == 0);
      result[path] = {status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec,
                      status.st_ctim.tv_sec * 1'000'000'000 + status.st_ctim.tv_nsec};
    };
    add(target);
    for (const auto& each : fs::recursive_directory_iterator(target)) add(each.path());
    return result;
  }
};

using Content = std::map<std::string, std::string>;

bool says(const Outcome& outcome, std::string_view part) {
  return outcome.problems.size() == 1 && outcome.problems[0].find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("files are copied with their folders, times and modes, and listed") {
  Scene scene;
  scene.put("a.jpg", "one");
  scene.put("x/y/b.jpg", "two");
  fs::permissions(scene.root / "a.jpg", fs::perms(0640));
  const timespec times[]{{5, 5}, {12345, 678}};
  REQUIRE(::utimensat(AT_FDCWD, (scene.root / "a.jpg").c_str(), times, 0) == 0);
  const Outcome outcome = scene.run();
  CHECK(outcome.problems.empty());
  CHECK(outcome.figures.files == 2);
  CHECK(outcome.figures.copied == 2);
  CHECK(outcome.figures.bytes == 6);
  CHECK(scene.content() == Content{{"photos/a.jpg", "one"}, {"photos/x/y/b.jpg", "two"}});
  struct stat status {};
  REQUIRE(::stat((scene.target / "photos/a.jpg").c_str(), &status) == 0);
  CHECK(status.st_mtim.tv_sec == 12345);
  CHECK(status.st_mtim.tv_nsec == 678);
  CHECK((status.st_mode & 07777) == 0640);
  CHECK(read_file(scene.target / "unique.csv").find("photos/x/y/b.jpg,") != std::string::npos);
}

TEST_CASE("a second run changes nothing, not even a time") {
  for (const ExportForm form : {ExportForm::copy, ExportForm::link}) {
    Scene scene;
    scene.put("a.jpg", "one");
    scene.put("x/b.jpg", "two");
    scene.run(form);
    const auto before = scene.times();
    const Outcome again = scene.run(form);
    CHECK(again.figures.copied == 0);
    CHECK(again.figures.files == 2);
    CHECK(scene.times() == before);
  }
}

TEST_CASE("what holds no more is removed with its empty folders, what has changed is copied anew") {
  Scene scene;
  scene.put("gone/deep/a.jpg", "one");
  scene.put("b.jpg", "two");
  scene.put("c", "three");
  scene.run();
  scene.drop("gone/deep/a.jpg");
  scene.put("b.jpg", "another two");
  scene.drop("c");
  scene.put("c/d.jpg", "a folder where a file was");
  const Outcome outcome = scene.run();
  CHECK(outcome.problems.empty());
  CHECK(outcome.figures.removed == 2);
  CHECK(outcome.figures.copied == 2);
  CHECK(scene.content() ==
        Content{{"photos/b.jpg", "another two"}, {"photos/c/d.jpg", "a folder where a file was"}});
  CHECK(!fs::exists(scene.target / "photos/gone"));
}

TEST_CASE("files of others are never removed nor replaced") {
  Scene scene;
  scene.put("a.jpg", "one");
  write_file(scene.target / "photos/a.jpg", "mine");
  write_file(scene.target / "photos/own.jpg", "my own");
  const Outcome outcome = scene.run();
  CHECK(says(outcome, "another file is in the way"));
  CHECK(outcome.figures.files == 0);
  scene.drop("a.jpg");
  CHECK(scene.run().problems.empty());
  CHECK(scene.content() == Content{{"photos/a.jpg", "mine"}, {"photos/own.jpg", "my own"}});
}

TEST_CASE("a file of another's that has the same bytes already will do, and stays theirs") {
  Scene scene;
  scene.put("a.jpg", "one");
  write_file(scene.target / "photos/a.jpg", "one");
  const Outcome outcome = scene.run();
  CHECK(outcome.problems.empty());
  CHECK(outcome.figures.files == 1);
  CHECK(outcome.figures.copied == 0);
  scene.drop("a.jpg");
  scene.run();
  CHECK(scene.content() == Content{{"photos/a.jpg", "one"}});
}

TEST_CASE("a copy that was changed since is neither removed nor replaced") {
  Scene scene;
  scene.put("a.jpg", "one");
  scene.put("b.jpg", "two");
  scene.run();
  write_file(scene.target / "photos/a.jpg", "with my notes");
  write_file(scene.target / "photos/b.jpg", "with my notes too");
  scene.drop("a.jpg");
  const Outcome outcome = scene.run();
  REQUIRE(outcome.problems.size() == 2);
  CHECK(outcome.problems[0].find("was not removed") != std::string::npos);
  CHECK(outcome.problems[1].find("changed since") != std::string::npos);
  CHECK(scene.content() ==
        Content{{"photos/a.jpg", "with my notes"}, {"photos/b.jpg", "with my notes too"}});
}

TEST_CASE("what waits for its decision keeps the copy of an earlier export") {
  Scene scene;
  scene.put("a.jpg", "one");
  scene.put("b.jpg", "two");
  scene.run();
  std::erase(scene.names, "a.jpg");
  scene.undecided = {"photos/a.jpg"};
  CHECK(scene.run().figures.removed == 0);
  CHECK(scene.content().size() == 2);
  scene.undecided.clear();
  CHECK(scene.run().figures.removed == 1);
}

TEST_CASE("a file that vanished is reported; a copy of an earlier export stays") {
  Scene scene;
  scene.put("a.jpg", "one");
  scene.put("b.jpg", "two");
  scene.run();
  fs::remove(scene.root / "a.jpg");
  const Outcome outcome = scene.run();
  CHECK(says(outcome, "No such file"));
  CHECK(says(outcome, "left as it was"));
  CHECK(outcome.figures.files == 2);
  CHECK(scene.content().size() == 2);
}

TEST_CASE("a file that is not what was judged is not exported") {
  Scene scene;
  scene.put("a.jpg", "one");
  PlannedFiles files = scene.planned();
  write_file(scene.root / "a.jpg", "one and more");
  CHECK(says(scene.run(files), "has changed since it was judged"));
  fs::remove(scene.root / "a.jpg");
  write_file(scene.directory / "secret", "one");
  fs::create_symlink(scene.directory / "secret", scene.root / "a.jpg");
  CHECK(scene.run(files).problems.size() == 1);
  CHECK(scene.content().empty());
}

TEST_CASE("links point to the files, and give way to copies and back") {
  Scene scene;
  scene.put("a.jpg", "one");
  CHECK(scene.run(ExportForm::link).problems.empty());
  const Content linked{{"photos/a.jpg", "-> " + (scene.root / "a.jpg").string()}};
  CHECK(scene.content() == linked);
  CHECK(scene.run().figures.copied == 1);
  CHECK(scene.content() == Content{{"photos/a.jpg", "one"}});
  CHECK(scene.run(ExportForm::link).figures.copied == 1);
  CHECK(scene.content() == linked);
  scene.drop("a.jpg");
  scene.run(ExportForm::link);
  CHECK(scene.content().empty());
}

TEST_CASE("an export goes on where one was interrupted, and knows the files of that one") {
  Scene scene;
  scene.put("a.jpg", "one");
  scene.put("b.jpg", "two");
  scene.put("c.jpg", "three");
  {
    const PlannedFiles files = scene.planned();
    ExportFolder folder(scene.target.string(), "unique.csv");
    for (const char* name : {"photos/a.jpg", "photos/b.jpg"})
      folder.place(name, files.at(name), ExportForm::copy);
  }
  // As killed in the middle of a file, and of a line.
  write_file(scene.target / part_name, "hal");
  const std::string journal = read_file(scene.target / journal_name);
  write_file(scene.target / journal_name, journal + "{\"path\": \"photos/c");
  scene.drop("b.jpg");
  const Outcome outcome = scene.run();
  CHECK(outcome.problems.empty());
  CHECK(outcome.figures.copied == 1);
  CHECK(outcome.figures.removed == 1);
  CHECK(scene.content() == Content{{"photos/a.jpg", "one"}, {"photos/c.jpg", "three"}});
  CHECK(!fs::exists(scene.target / part_name));
  CHECK(!fs::exists(scene.target / journal_name));
}

TEST_CASE("a folder in the export folder that is a link is not followed") {
  Scene scene;
  scene.put("a.jpg", "one");
  fs::create_directories(scene.target);
  fs::create_directory(scene.directory / "elsewhere");
  fs::create_directory_symlink(scene.directory / "elsewhere", scene.target / "photos");
  CHECK(scene.run().problems.size() == 1);
  CHECK(fs::is_empty(scene.directory / "elsewhere"));
}

TEST_CASE("a list that is not ours stops the export, one that was changed is left alone") {
  Scene scene;
  scene.put("a.jpg", "one");
  write_file(scene.target / "unique.csv", "my own list");
  CHECK_THROWS(scene.run());
  CHECK(scene.content().empty());
  fs::remove(scene.target / "unique.csv");
  scene.run();
  write_file(scene.target / "unique.csv", "with my notes");
  CHECK(scene.run().problems.size() == 1);
  CHECK(read_file(scene.target / "unique.csv") == "with my notes");
  fs::remove(scene.target / "unique.csv");
  CHECK(scene.run().problems.empty());
  CHECK(fs::exists(scene.target / "unique.csv"));
}

TEST_CASE("two exports into one folder do not mix, and a record that is none is not guessed at") {
  Scene scene;
  scene.put("a.jpg", "one");
  {
    const ExportFolder first(scene.target.string(), "unique.csv");
    CHECK_THROWS_WITH(
        scene.run(),
        (scene.target.string() + ": another export is at work in this folder").c_str());
  }
  scene.run();
  write_file(scene.target / record_name, "nonsense\n");
  scene.drop("a.jpg");
  CHECK_THROWS(scene.run());
  CHECK(scene.content().size() == 1);
}
