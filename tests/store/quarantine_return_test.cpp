// SPDX-License-Identifier: Apache-2.0
// Out of quarantine, and what a crash or a lost catalog leaves behind.
#include <doctest/doctest.h>

#include "store/quarantine_scene.h"

using namespace imgdedup;
using namespace imgdedup::testing;
using matching::DecisionState;
using store::MoveState;
using Ids = std::vector<store::DecisionId>;

namespace {

/// One that lies in quarantine.
struct Quarantined : QuarantineScene {
  Quarantined() { REQUIRE_FALSE(move()); }
  [[nodiscard]] store::QuarantineEntry entry() const {
    return *catalog->quarantine_entry(decision);
  }
  [[nodiscard]] std::optional<store::MoveProblem> restore() const {
    return store::restore_from_quarantine(*catalog, entry(), root.string());
  }
  void check_restored() const {
    CHECK(read_file(copy) == bytes);
    CHECK_FALSE(std::filesystem::exists(quarantined()));
    CHECK_FALSE(has_sidecar());
    CHECK(journal() == MoveState::restored);
    CHECK(decision_state() == DecisionState::restored);
  }
};

/// All files of a tree that hold the picture, the original apart.
int intact_copies(const QuarantineScene& scene) {
  int count = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(scene.root))
    if (file.is_regular_file() && file.path() != scene.keeper &&
        read_file(file.path()) == QuarantineScene::bytes)
      ++count;
  return count;
}

}  // namespace

TEST_CASE("a restored file is where it was, as it was") {
  const Quarantined scene;
  const auto before = stamp_on_disk(scene.quarantined());
  CHECK_FALSE(scene.restore());
  scene.check_restored();
  CHECK(matching::same_inode_unmodified(stamp_on_disk(scene.copy), before));
}

TEST_CASE("a restored file makes the folders it needs") {
  const Quarantined scene;
  std::filesystem::remove_all(scene.root / "sub");
  SUBCASE("below its root") { CHECK_FALSE(scene.restore()); }
  SUBCASE("but not where no root is watched any more") {
    CHECK(store::restore_from_quarantine(*scene.catalog, scene.entry(), ""));
    CHECK_FALSE(std::filesystem::exists(scene.root / "sub"));
    scene.check_in_quarantine();
    std::filesystem::create_directory(scene.root / "sub");
    CHECK_FALSE(store::restore_from_quarantine(*scene.catalog, scene.entry(), ""));
  }
  scene.check_restored();
}

TEST_CASE("a file is never restored over another, nor through a link") {
  const Quarantined scene;
  const auto elsewhere = scene.directory / "elsewhere";
  std::filesystem::create_directory(elsewhere);
  SUBCASE("a file") {
    write_file(scene.copy, "newer");
    CHECK(scene.restore());
    CHECK(read_file(scene.copy) == "newer");
  }
  SUBCASE("a link to nothing") {
    std::filesystem::create_symlink(elsewhere / "nothing", scene.copy);
    CHECK(scene.restore());
    CHECK(std::filesystem::is_empty(elsewhere));
  }
  SUBCASE("an empty folder") {
    std::filesystem::create_directory(scene.copy);
    CHECK(scene.restore());
  }
  SUBCASE("a folder that is a link") {
    std::filesystem::remove_all(scene.root / "sub");
    std::filesystem::create_directory_symlink(elsewhere, scene.root / "sub");
    CHECK(scene.restore());
    CHECK(std::filesystem::is_empty(elsewhere));
  }
  SUBCASE("a root that is gone") {
    CHECK(store::restore_from_quarantine(*scene.catalog, scene.entry(),
                                         (scene.directory / "gone").string()));
  }
  CHECK(read_file(scene.quarantined()) == QuarantineScene::bytes);
  CHECK(scene.has_sidecar());
  CHECK(scene.journal() == MoveState::quarantined);
  CHECK(scene.decision_state() == DecisionState::quarantined);
}

TEST_CASE("what is no longer in quarantine cannot be restored") {
  const Quarantined scene;
  const auto entry = scene.entry();
  REQUIRE_FALSE(scene.restore());
  const auto problem = store::restore_from_quarantine(*scene.catalog, entry, scene.root.string());
  REQUIRE(problem);
  CHECK(problem->message.find(scene.copy.string()) != std::string::npos);
  scene.check_restored();
}

TEST_CASE("a purged file is gone for good") {
  const Quarantined scene;
  CHECK_FALSE(store::purge_from_quarantine(*scene.catalog, scene.entry()));
  CHECK(std::filesystem::is_empty(scene.quarantine));
  CHECK(scene.journal() == MoveState::purged);
  CHECK(scene.decision_state() == DecisionState::purged);
  CHECK(read_file(scene.keeper) == QuarantineScene::bytes);
  const auto report = scene.recover();
  CHECK(report.adopted.empty());
  CHECK(report.lost.empty());
}

TEST_CASE("a purge that the system refuses leaves the file listed") {
  const Quarantined scene;
  std::filesystem::remove(scene.quarantined());
  write_file(scene.quarantined() / "x", "a folder of that name");
  CHECK(store::purge_from_quarantine(*scene.catalog, scene.entry()));
  CHECK(scene.journal() == MoveState::quarantined);
  CHECK(scene.decision_state() == DecisionState::quarantined);
}

TEST_CASE("a move that a kill ended is whole or has not been, at every point") {
  for (const char* point : {"before_intent", "after_intent", "after_sidecar", "before_rename",
                            "after_rename", "after_sync", "after_commit"}) {
    CAPTURE(point);
    QuarantineScene scene;
    scene.close();
    const int status = in_child("IMGDEDUPD_CRASH_AT", point, [&] {
      scene.open();
      (void)scene.move();
    });
    REQUIRE(WIFSIGNALED(status));
    CHECK(intact_copies(scene) == 1);
    scene.open();
    const auto report = scene.recover();
    CHECK(report.adopted.empty());
    CHECK(report.kept.empty());
    CHECK(report.lost.empty());
    CHECK(intact_copies(scene) == 1);
    const std::string name = point;
    if (name == "after_commit") {
      scene.check_in_quarantine();
    } else {
      scene.check_in_place();
      CHECK(scene.journal() ==
            (name == "before_intent" ? std::optional<MoveState>() : MoveState::undone));
      CHECK(report.undone ==
            (name == "after_rename" || name == "after_sync" ? Ids{scene.decision} : Ids{}));
      // The decision stands; it is carried out now.
      CHECK_FALSE(scene.move());
      scene.check_in_quarantine();
    }
    const auto again = scene.recover();
    CHECK(again.undone.empty());
    CHECK(again.adopted.empty());
    scene.check_in_quarantine();
  }
}

TEST_CASE("a restore that a kill ended is a restore") {
  Quarantined scene;
  const auto entry = scene.entry();
  scene.close();
  const int status = in_child("IMGDEDUPD_CRASH_AT", "restore_after_rename", [&] {
    scene.open();
    (void)store::restore_from_quarantine(*scene.catalog, entry, scene.root.string());
  });
  REQUIRE(WIFSIGNALED(status));
  scene.open();
  const auto report = scene.recover();
  CHECK(report.lost.empty());
  scene.check_restored();
  const auto row = scene.catalog->file_at(scene.copy.string());
  REQUIRE(row);
  CHECK(row->restored);
  CHECK(row->state == matching::FileState::pending);
  CHECK(row->stamp == stamp_on_disk(scene.copy));
}

TEST_CASE("a purge that a kill ended has not been") {
  Quarantined scene;
  const auto entry = scene.entry();
  scene.close();
  const int status = in_child("IMGDEDUPD_CRASH_AT", "purge_after_commit", [&] {
    scene.open();
    (void)store::purge_from_quarantine(*scene.catalog, entry);
  });
  REQUIRE(WIFSIGNALED(status));
  scene.open();
  CHECK(scene.recover().adopted == Ids{scene.decision});
  scene.check_in_quarantine();
}

TEST_CASE("a half move whose old name is taken stays in quarantine") {
  QuarantineScene scene;
  scene.close();
  const int status = in_child("IMGDEDUPD_CRASH_AT", "after_rename", [&] {
    scene.open();
    (void)scene.move();
  });
  REQUIRE(WIFSIGNALED(status));
  write_file(scene.copy, "saved meanwhile");
  scene.open();
  CHECK(scene.recover().kept == Ids{scene.decision});
  CHECK(read_file(scene.copy) == "saved meanwhile");
  CHECK(read_file(scene.quarantined()) == QuarantineScene::bytes);
  CHECK(scene.has_sidecar());
  CHECK(scene.journal() == MoveState::quarantined);
  CHECK(scene.decision_state() == DecisionState::quarantined);
}

TEST_CASE("a half move on a file system that is away is ended when it is back") {
  QuarantineScene scene;
  scene.close();
  const int status = in_child("IMGDEDUPD_CRASH_AT", "after_rename", [&] {
    scene.open();
    (void)scene.move();
  });
  REQUIRE(WIFSIGNALED(status));
  std::filesystem::rename(scene.root, scene.directory / "unmounted");
  scene.open();
  CHECK(scene.recover().undone.empty());
  CHECK(scene.journal() == MoveState::intent);
  std::filesystem::rename(scene.directory / "unmounted", scene.root);
  CHECK(scene.recover().undone == Ids{scene.decision});
  scene.check_in_place();
}

TEST_CASE("a lost catalog learns from the sidecars what lies in quarantine") {
  Quarantined scene;
  scene.lose_catalog();
  const auto report = scene.recover();
  CHECK(report.adopted == Ids{scene.decision});
  CHECK(report.highest_id == scene.decision);
  CHECK(scene.journal() == MoveState::quarantined);
  CHECK(scene.decision_state() == DecisionState::quarantined);
  CHECK(scene.entry().original_path == scene.copy.string());
  CHECK(scene.entry().content == digest(1));
  CHECK(scene.catalog->count_quarantine().orphans == 1);
  CHECK(scene.recover().adopted.empty());
  CHECK_FALSE(scene.restore());
  scene.check_restored();
}

TEST_CASE("recovery leaves alone what it does not understand") {
  Quarantined scene;
  write_file(scene.quarantine / "q7.json", "{}");
  write_file(scene.quarantine / "q8.json",
             read_file(scene.quarantine / store::sidecar_name(scene.decision)));
  write_file(scene.quarantine / "q900-0123.jpg", "no sidecar");
  write_file(scene.quarantine / "holiday.jpg", "mine");
  std::filesystem::create_directory(scene.quarantine / "q10.json");
  scene.lose_catalog();
  const auto report = scene.recover();
  CHECK(report.adopted == Ids{scene.decision});
  CHECK(report.highest_id == 900);
  CHECK(read_file(scene.quarantine / "q900-0123.jpg") == "no sidecar");
  CHECK(read_file(scene.quarantine / "holiday.jpg") == "mine");
  CHECK(read_file(scene.quarantine / "q7.json") == "{}");
}

TEST_CASE("a half-written sidecar is cleared away") {
  const Quarantined scene;
  write_file(scene.quarantine / "q3.json.new", "{\"imgded");
  (void)scene.recover();
  CHECK_FALSE(std::filesystem::exists(scene.quarantine / "q3.json.new"));
  scene.check_in_quarantine();
}

TEST_CASE("what other hands took out of quarantine is no longer listed") {
  const Quarantined scene;
  SUBCASE("deleted") {
    std::filesystem::remove(scene.quarantined());
    CHECK(scene.recover().lost == Ids{scene.decision});
    CHECK(scene.journal() == MoveState::lost);
    CHECK(scene.decision_state() == DecisionState::superseded);
  }
  SUBCASE("deleted, and found again") {
    std::filesystem::rename(scene.quarantined(), scene.directory / "aside");
    REQUIRE(scene.recover().lost == Ids{scene.decision});
    std::filesystem::rename(scene.directory / "aside", scene.quarantined());
    CHECK(scene.recover().adopted == Ids{scene.decision});
    scene.check_in_quarantine();
  }
  SUBCASE("put back by hand") {
    std::filesystem::rename(scene.quarantined(), scene.copy);
    CHECK(scene.recover().lost.empty());
    scene.check_restored();
  }
  SUBCASE("with the whole folder, which may be a mount that is away") {
    std::filesystem::rename(scene.quarantine, scene.directory / "aside");
    CHECK(scene.recover().lost.empty());
    std::filesystem::rename(scene.directory / "aside", scene.quarantine);
    CHECK(scene.recover().adopted.empty());
    scene.check_in_quarantine();
  }
}
