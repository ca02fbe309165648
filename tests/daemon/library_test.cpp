// SPDX-License-Identifier: Apache-2.0
// What becomes of rows and decisions when files come, change, move and go.
#include "daemon/library.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "daemon/library_scene.h"

using namespace imgdedup;
using namespace imgdedup::testing;
using matching::DecisionState;
using matching::FileState;
using Ids = std::vector<store::FileId>;
using Names = std::set<std::string>;

TEST_CASE("files that arrive are judged in the order of their names, copies against the first") {
  LibraryScene scene;
  scene.put("b", "sun");
  scene.put("a", "sun");
  scene.put("c", "moon");
  scene.put("d/e/x", "sun");
  scene.settle();
  CHECK(scene.original_of("a").empty());
  CHECK(scene.original_of("b") == "a");
  CHECK(scene.original_of("c").empty());
  CHECK(scene.original_of("d/e/x") == "a");
  CHECK(scene.taken.size() == 2);

  scene.compare();
  CHECK(scene.waiting().empty());
  scene.settle();
  CHECK(scene.taken.size() == 2);
}

TEST_CASE("names of any bytes and pages of many files are compared alike") {
  LibraryScene scene;
  for (int i = 0; i < 2500; ++i) scene.put("n" + std::to_string(i), "c" + std::to_string(i / 2));
  scene.put("\xff\xfe", "c1");
  scene.put("new\nline", "c2");
  scene.settle();
  const auto decisions = scene.taken.size();
  CHECK(decisions == 1252);
  scene.compare();
  CHECK(scene.waiting().empty());

  for (int i = 0; i < 2500; i += 3) std::filesystem::remove(scene.root / ("n" + std::to_string(i)));
  for (int i = 1; i < 2500; i += 3) scene.rename("n" + std::to_string(i), "r" + std::to_string(i));
  scene.compare();
  for (const auto& name : scene.waiting())
    CHECK(scene.row(name)->role == store::FileRole::duplicate);
  scene.settle();
}

TEST_CASE("a touched file is read again and stays what it was") {
  LibraryScene scene;
  scene.put("a", "sun");
  scene.put("b", "sun");
  scene.settle();
  const timespec times[]{{5, 5}, {5, 5}};
  for (const char* name : {"a", "b"})
    REQUIRE(::utimensat(AT_FDCWD, (scene.root / name).c_str(), times, 0) == 0);
  scene.compare();
  CHECK(scene.waiting() == Names{"a", "b"});
  CHECK(scene.original_of("b") == "a");  // stands until the bytes are known
  scene.settle();
  CHECK(scene.original_of("b") == "a");
  CHECK(scene.taken.size() == 1);
}

TEST_CASE("a change that keeps size and time is noticed") {
  LibraryScene scene;
  scene.put("a", "sun");
  scene.settle();
  const auto before = scene.row("a")->stamp;
  const auto old_id = scene.id("a");
  scene.put("a", "mud");
  const timespec times[]{{0, UTIME_OMIT},
                         {before.mtime_ns / 1'000'000'000, before.mtime_ns % 1'000'000'000}};
  REQUIRE(::utimensat(AT_FDCWD, (scene.root / "a").c_str(), times, 0) == 0);
  scene.settle();
  CHECK(scene.judged == Ids{old_id});
}

TEST_CASE("a duplicate that changes loses its decision") {
  LibraryScene scene;
  scene.put("a", "sun");
  scene.put("b", "sun");
  scene.settle();
  scene.put("b", "moon");
  scene.settle();
  CHECK(scene.original_of("b").empty());
  CHECK(scene.catalog.decision(scene.taken[0])->state == DecisionState::superseded);
  scene.put("b", "sun");
  scene.settle();
  CHECK(scene.original_of("b") == "a");
  CHECK(scene.catalog.decision(scene.taken[1])->supersedes == scene.taken[0]);
}

TEST_CASE("the duplicates of an original that goes are judged anew, first of all, in their order") {
  LibraryScene scene;
  for (const char* name : {"a", "b", "c", "d"}) scene.put(name, "sun");
  scene.settle();
  const Ids duplicates{scene.id("b"), scene.id("c"), scene.id("d")};
  scene.put("0", "moon");
  SUBCASE("it is deleted") { std::filesystem::remove(scene.root / "a"); }
  SUBCASE("it is changed") { scene.put("a", "rain"); }
  SUBCASE("it cannot be read any more") {
    const auto row = *scene.row("a");
    scene.library.refused(row, FileState::unreadable, {matching::RefusalReason::damaged, "bad"});
    std::filesystem::remove(scene.root / "a");
  }
  scene.compare();
  if (scene.row("a")) scene.judge(*scene.row("a"));
  const auto pending = scene.catalog.pending_files(store::before_all_pending, 9);
  REQUIRE(pending.size() == 4);
  for (std::size_t i = 0; i < duplicates.size(); ++i) CHECK(pending[i].file.id == duplicates[i]);
  scene.judge_all();
  scene.check();
  CHECK(scene.original_of("b").empty());
  CHECK(scene.original_of("c") == "b");
  CHECK(scene.original_of("d") == "b");
  // Three fell, two were taken anew, each of which names the one it supersedes.
  CHECK(scene.taken.size() == 5);
  CHECK(scene.catalog.standing_decision_on(duplicates[1])->supersedes == scene.taken[1]);
}

TEST_CASE("files that are judged again are so best first, each before its duplicates") {
  LibraryScene scene;
  for (const char* name : {"a1", "a2", "a3"}) scene.put(name, "sun");
  for (const char* name : {"b1", "b2"}) scene.put(name, "moon");
  scene.settle();
  scene.put("0", "rain");
  scene.compare();
  scene.library.judge_again({scene.id("b1"), scene.id("a1")});
  scene.judge_all();
  CHECK(scene.judged == Ids{scene.id("b1"), scene.id("b2"), scene.id("a1"), scene.id("a2"),
                            scene.id("a3"), scene.id("0")});
  scene.check();
}

TEST_CASE("a companion keeps its decision and stays an original that copies are held against") {
  LibraryScene scene;
  scene.put("first", "one");
  scene.put("second", "two");
  scene.settle();
  const auto second = *scene.row("second");
  matching::DuplicateVerdict verdict;
  verdict.original_file_id = scene.id("first");
  verdict.relation = matching::Relation::near;
  verdict.action_limit = matching::ActionLimit::burst;
  scene.library.judged_duplicate(second, *second.content_id, verdict, 1);
  CHECK(scene.original_of("second") == "first");
  CHECK(scene.row("second")->role == store::FileRole::original);
  scene.put("third", "two");
  scene.compare();
  scene.judge_all();
  CHECK(scene.original_of("third") == "second");
  CHECK(scene.original_of("second") == "first");

  std::filesystem::remove(scene.root / "first");
  scene.settle();
  CHECK(scene.original_of("second").empty());
  CHECK(scene.original_of("third") == "second");
}

TEST_CASE("a better original takes the roles over") {
  LibraryScene scene;
  scene.policy.keep = matching::KeepRule::oldest;
  for (const char* name : {"a", "b", "c"}) scene.put(name, "sun");
  scene.settle();
  scene.put("z", "sun");
  const timespec times[]{{5, 5}, {5, 5}};
  REQUIRE(::utimensat(AT_FDCWD, (scene.root / "z").c_str(), times, 0) == 0);
  scene.settle();
  for (const char* name : {"a", "b", "c"}) CHECK(scene.original_of(name) == "z");
}

TEST_CASE("a renamed file keeps its row, its role and its decision, and is not read again") {
  LibraryScene scene;
  for (const char* name : {"m", "n", "d/x"}) scene.put(name, "sun");
  scene.settle();
  const auto original = scene.id("d/x");
  const auto copy = scene.id("m");
  std::string to;
  SUBCASE("to a name before") { to = "a"; }
  SUBCASE("to a name behind") { to = "z"; }
  SUBCASE("to a folder listed before") { to = "0/x"; }
  SUBCASE("to a folder listed later") { to = "z/z/x"; }
  scene.rename("m", to);
  scene.compare();
  CHECK(scene.waiting().empty());
  CHECK(scene.id(to) == copy);
  CHECK_FALSE(scene.row("m"));
  scene.rename("d/x", to + "2");
  scene.compare();
  CHECK(scene.waiting().empty());
  CHECK(scene.id(to + "2") == original);
  scene.check();
  CHECK(scene.taken.size() == 2);
}

TEST_CASE("a renamed folder keeps the rows of all its files") {
  LibraryScene scene;
  scene.put("a/x", "sun");
  scene.put("a/b/y", "moon");
  scene.put("k", "sun");
  scene.settle();
  const auto x = scene.id("a/x");
  const auto y = scene.id("a/b/y");
  scene.rename("a", "z");
  scene.compare();
  CHECK(scene.id("z/x") == x);
  CHECK(scene.id("z/b/y") == y);
  CHECK(scene.waiting().empty());
  scene.check();
}

TEST_CASE("two files that swap their names keep their rows") {
  LibraryScene scene;
  std::string other;
  SUBCASE("in one folder") { other = "b"; }
  SUBCASE("in two folders") { other = "d/b"; }
  SUBCASE("in two folders, the other way round") { other = "0/b"; }
  scene.put("a", "sun");
  scene.put(other, "moon");
  scene.put("copy of a", "sun");
  scene.put("copy of b", "moon");
  scene.settle();
  const auto a = scene.id("a");
  const auto b = scene.id(other);
  scene.rename("a", "aside");
  scene.rename(other, "a");
  scene.rename("aside", other);
  scene.compare();
  CHECK(scene.id("a") == b);
  CHECK(scene.id(other) == a);
  scene.judge_all();
  scene.check();
  CHECK(scene.taken.size() == 2);
}

TEST_CASE("three files that pass their names round keep their rows") {
  LibraryScene scene;
  Ids ids;
  for (const char* name : {"a", "b", "c"}) {
    scene.put(name, name);
    scene.settle();
    ids.push_back(scene.id(name));
  }
  scene.rename("c", "aside");
  scene.rename("b", "c");
  scene.rename("a", "b");
  scene.rename("aside", "a");
  scene.compare();
  CHECK(scene.id("a") == ids[2]);
  CHECK(scene.id("b") == ids[0]);
  CHECK(scene.id("c") == ids[1]);
  scene.judge_all();
  scene.check();
}

TEST_CASE("a file renamed over another is itself, and the other is gone") {
  LibraryScene scene;
  std::string from, to;
  SUBCASE("the later name") { from = "z", to = "a"; }
  SUBCASE("the earlier name") { from = "a", to = "z"; }
  SUBCASE("from another folder") { from = "d/x", to = "a"; }
  SUBCASE("into another folder") { from = "a", to = "d/x"; }
  scene.put(from, "moon");
  scene.put(to, "sun");
  scene.put("copy", "sun");
  scene.settle();
  const auto moved = scene.id(from);
  scene.rename(from, to);
  scene.compare();
  CHECK(scene.id(to) == moved);
  CHECK_FALSE(scene.row(from));
  scene.judge_all();
  scene.check();
  CHECK(scene.original_of("copy").empty());
}

TEST_CASE("a file that an editor replaces is one row, first seen with these bytes now") {
  LibraryScene scene;
  scene.put("a", "sun");
  scene.put("b", "sun");
  scene.settle();
  for (int i = 0; i < 5; ++i) {
    const auto before = scene.id("a");
    scene.put("a.tmp", "saved " + std::to_string(i));
    scene.rename("a.tmp", "a");
    scene.settle();
    CHECK(scene.id("a") > before);
    CHECK(scene.catalog.files_below("", 0, 9).rows.size() == 2);
  }
  CHECK(scene.original_of("b").empty());
}

TEST_CASE("an inode that is used again is another file") {
  LibraryScene scene;
  scene.put("a", "sun");
  scene.put("b", "sun");
  scene.settle();
  // As if the file system had given the inode of `a` to a new file `c`.
  auto row = *scene.row("a");
  scene.put("c", "moon!");
  std::filesystem::remove(scene.root / "a");
  struct stat status {};
  REQUIRE(::stat((scene.root / "c").c_str(), &status) == 0);
  row.stamp.inode = status.st_ino;
  scene.catalog.set_stamp(row.id, row.stamp, 1);
  scene.settle();
  CHECK(scene.id("c") != row.id);
  CHECK_FALSE(scene.row("a"));
  CHECK(scene.original_of("b").empty());
}

TEST_CASE("a device that has another number after a restart changes nothing else") {
  LibraryScene scene;
  scene.put("a", "sun");
  scene.put("b", "sun");
  std::filesystem::create_hard_link(scene.root / "b", scene.root / "l");
  scene.settle();
  for (const char* name : {"a", "b", "l"}) {
    auto row = *scene.row(name);
    row.stamp.device += 1000;
    scene.catalog.set_stamp(row.id, row.stamp, row.hard_links);
  }
  scene.compare();
  CHECK(scene.waiting().empty());
  scene.check();
  CHECK(scene.catalog.files_with_inode(scene.row("b")->stamp.device, scene.row("b")->stamp.inode)
            .size() == 2);
}

TEST_CASE("a root that is offline loses no row") {
  LibraryScene scene;
  scene.put("a", "sun");
  scene.put("d/b", "sun");
  scene.settle();
  scene.roots.all()[0].mode = daemon::RootMode::offline;
  daemon::MissingFiles missing(scene.library, scene.roots);
  missing.add(*scene.row("a"));
  missing.add_directory((scene.root / "d").string());
  std::filesystem::remove_all(scene.root / "d");
  while (!missing.empty())
    missing.settle_slice({[](const std::string&) {}, [](store::FileId) { return false; }});
  CHECK(scene.row("a"));
  CHECK(scene.row("d/b"));
  CHECK(scene.waiting().empty());
}

TEST_CASE("what was said of a content and is contradicted goes, with what was judged by it") {
  LibraryScene scene;
  scene.put("a", "sun");
  scene.put("b", "sun");
  scene.put("c", "moon");
  scene.settle();
  const auto honest = LibraryScene::fingerprint("sun");
  // A worker that was taken over says this of other bytes, and is believed.
  auto lie = honest;
  lie.hashes = LibraryScene::fingerprint("moon").hashes;
  lie.width_pixels = 7;
  CHECK(scene.library.contradicts({lie, std::nullopt, std::nullopt}));
  CHECK_FALSE(scene.library.contradicts({honest, std::nullopt, std::nullopt}));
  const auto [id, has_corrected] = scene.library.learn({lie, std::nullopt, std::nullopt});
  CHECK(has_corrected);
  CHECK(scene.catalog.content(id)->fingerprint == lie);
  CHECK(scene.waiting() == Names{"a", "b"});
  CHECK(scene.index.size() == 1);

  CHECK(scene.library.learn({honest, std::nullopt, std::nullopt}).content == id);
  CHECK_FALSE(scene.library.learn({honest, std::nullopt, std::nullopt}).has_corrected);
  CHECK(scene.catalog.content(id)->fingerprint == honest);
  CHECK(scene.catalog.content(id)->is_current());
  scene.judge_all();
  scene.check();
  CHECK(scene.original_of("b") == "a");
  CHECK(scene.index.size() == 2);
  CHECK(scene.index.within(honest.hashes, 0).size() == 1);
}

TEST_CASE(
    "a file that is not shown to be a copy keeps those held against it, however often judged") {
  LibraryScene scene;
  scene.put("a", "sun");
  scene.put("b", "moon");
  scene.put("c", "moon");
  scene.settle();
  const auto held = scene.catalog.standing_decision_on(scene.id("c"))->id;
  const auto judge_b_again = [&] {
    scene.library.judge_again_alone({scene.id("b")});
    CHECK(scene.waiting() == Names{"b"});
    CHECK(scene.original_of("b").empty());
  };
  judge_b_again();
  matching::DuplicateVerdict alike;
  alike.original_file_id = scene.id("a");
  alike.relation = matching::Relation::near;
  alike.action_limit = matching::ActionLimit::similarity;
  const auto b = *scene.row("b");
  scene.library.judged_duplicate(b, *b.content_id, alike, 1);
  CHECK(scene.original_of("b") == "a");
  CHECK(scene.row("b")->role == store::FileRole::original);
  CHECK(scene.index.size() == 2);
  CHECK(scene.catalog.standing_decision_on(scene.id("c"))->id == held);

  judge_b_again();
  // One that waits already loses its decision all the same, and keeps its place.
  scene.library.judge_again_alone({scene.id("b")});
  scene.judge_all();
  scene.check();
  CHECK(scene.catalog.standing_decision_on(scene.id("c"))->id == held);
  CHECK(scene.taken.size() == 1);
}
