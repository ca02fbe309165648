// SPDX-License-Identifier: Apache-2.0
// Hard links, and everything at once: the catalog against the disk.
#include <doctest/doctest.h>

#include <random>

#include "daemon/library_scene.h"
#include "support/failure_listener.h"

using namespace imgdedup;
using namespace imgdedup::testing;
using matching::FileState;
using Names = std::set<std::string>;

TEST_CASE("hard links are one file") {
  LibraryScene scene;
  scene.put("m", "sun");
  scene.settle();
  const auto m = scene.id("m");
  for (const char* name : {"a", "z", "d/l"}) {
    std::filesystem::create_directory(scene.root / "d");
    std::filesystem::create_hard_link(scene.root / "m", scene.root / name);
    scene.settle();
    CHECK(scene.row(name)->state == FileState::alias);
  }
  CHECK(scene.taken.empty());
  scene.put("copy", "sun");
  scene.settle();
  CHECK(scene.original_of("copy") == "m");

  SUBCASE("a link goes") { std::filesystem::remove(scene.root / "a"); }
  SUBCASE("the first name goes: another takes its place") {
    std::filesystem::remove(scene.root / "m");
    scene.compare();
    CHECK((scene.original_of("copy") == "a" || scene.original_of("copy") == "d/l" ||
           scene.original_of("copy") == "z"));
    CHECK(scene.id(scene.original_of("copy")) == m);
  }
  SUBCASE("the first name is renamed") {
    scene.rename("m", "n");
    scene.compare();
    CHECK(scene.id("n") == m);
  }
  SUBCASE("a link is renamed") { scene.rename("a", "q"); }
  SUBCASE("the first name gets a file of its own") {
    scene.put("m.tmp", "moon");
    scene.rename("m.tmp", "m");
  }
  SUBCASE("a link gets a file of its own") {
    scene.put("a.tmp", "sun");
    scene.rename("a.tmp", "a");
    scene.settle();
    CHECK_FALSE(scene.original_of("a").empty());
  }
  SUBCASE("the copy becomes a link") {
    std::filesystem::remove(scene.root / "copy");
    std::filesystem::create_hard_link(scene.root / "m", scene.root / "copy");
    scene.settle();
    CHECK(scene.row("copy")->state == FileState::alias);
  }
  SUBCASE("its bytes change under all names") { scene.put("z", "rain"); }
  scene.settle();
}

TEST_CASE("all names of a file may go at once, or but one") {
  LibraryScene scene;
  scene.put("b", "sun");
  for (const char* name : {"a", "c", "d"})
    std::filesystem::create_hard_link(scene.root / "b", scene.root / name);
  scene.put("copy", "sun");
  scene.settle();
  Names gone;
  SUBCASE("all") { gone = {"a", "b", "c", "d"}; }
  SUBCASE("all but the last") { gone = {"a", "b", "c"}; }
  SUBCASE("all but the first") { gone = {"b", "c", "d"}; }
  for (const auto& name : gone) std::filesystem::remove(scene.root / name);
  scene.settle();
  for (const auto& name : gone) CHECK_FALSE(scene.row(name));
  CHECK(scene.original_of("copy").empty() == (gone.size() == 4));
}

TEST_CASE("whatever happens to files, the catalog comes to say what is on disk") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    const auto below = [&](std::uint64_t end) { return random() % end; };
    const std::vector<std::string> names{"a", "b", "c", "d", "x/a", "x/b", "x/c", "y/a", "y/b"};
    const auto name = [&] { return names[below(names.size())]; };
    LibraryScene scene;
    if (seed % 2 == 0) scene.policy.keep = matching::KeepRule::oldest;
    for (int round = 0; round < 12; ++round) {
      for (auto steps = 1 + below(5); steps > 0; --steps) {
        const auto from = name();
        const auto to = name();
        std::filesystem::create_directories((scene.root / to).parent_path());
        const bool exists = std::filesystem::exists(scene.root / from);
        std::error_code ignored;
        switch (below(6)) {
          case 0:
            scene.put(from, "content " + std::to_string(below(4)));
            break;
          case 1:
            std::filesystem::remove(scene.root / from);
            break;
          case 2:
            std::filesystem::create_hard_link(scene.root / from, scene.root / to, ignored);
            break;
          case 3:
            scene.put("new.tmp", "content " + std::to_string(below(4)));
            scene.rename("new.tmp", to);
            break;
          case 4:
            if (exists && std::filesystem::exists(scene.root / to) && from != to) {
              scene.rename(from, "aside.tmp");
              scene.rename(to, from);
              scene.rename("aside.tmp", to);
            }
            break;
          default:
            if (exists) scene.rename(from, to);
        }
      }
      // Some passes come before everything is judged.
      scene.compare();
      if (below(3) != 0) scene.judge_all();
    }
    scene.settle();
    // Another name that took its file's place has its stamp read once more.
    scene.settle();
    scene.compare();
    CHECK(scene.waiting().empty());
    if (current_test_failed()) break;
  }
}
