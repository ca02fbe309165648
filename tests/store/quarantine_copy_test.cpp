// SPDX-License-Identifier: Apache-2.0
// A quarantine folder on another mount: copied, verified, and only then removed; and back.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/xattr.h>

#include <cerrno>
#include <fstream>

#include "store/quarantine_scene.h"
#include "support/other_mount.h"

using namespace imgdedup;
using namespace imgdedup::testing;
using matching::DecisionState;
using store::MoveProblem;
using store::MoveState;

namespace {

constexpr const char* skipped = "a quarantine on another mount";

struct Tags {
  mode_t mode = 0;
  uid_t owner = 0;
  gid_t group = 0;
  timespec modified{};  // reading a file changes when it was accessed
  std::string note, access_list;

  bool operator==(const Tags& other) const {
    return mode == other.mode && owner == other.owner && group == other.group &&
           modified.tv_sec == other.modified.tv_sec && modified.tv_nsec == other.modified.tv_nsec &&
           note == other.note && access_list == other.access_list;
  }
};

std::string attribute(const std::filesystem::path& path, const char* name) {
  char value[256];
  const ssize_t size = ::lgetxattr(path.c_str(), name, value, sizeof value);
  return size < 0 ? "" : std::string(value, static_cast<std::size_t>(size));
}

Tags tags_of(const std::filesystem::path& path) {
  struct stat status {};
  REQUIRE(::lstat(path.c_str(), &status) == 0);
  return {status.st_mode,
          status.st_uid,
          status.st_gid,
          status.st_mtim,
          attribute(path, "user.imgdedup"),
          attribute(path, "system.posix_acl_access")};
}

/// The quarantine lies on another mount.
struct TwoMounts : QuarantineScene {
  TwoMounts() { quarantine = other.path() / "q"; }

  [[nodiscard]] store::MoveRequest request() const {
    store::MoveRequest request = QuarantineScene::request();
    request.across_mounts = store::AcrossMounts::copy;
    request.keeper_stamp = stamp_on_disk(keeper);
    return request;
  }
  [[nodiscard]] std::optional<MoveProblem> take(store::QuarantineMove& move) const {
    if (auto problem = move.prepare()) return problem;
    if (auto problem = move.take(42)) return problem;
    REQUIRE(move.needs_copy());
    move.transfer()->run();
    return std::nullopt;
  }
  [[nodiscard]] std::optional<MoveProblem> move() const {
    store::QuarantineMove move(*catalog, request());
    if (auto problem = take(move)) return problem;
    return move.finish();
  }
  [[nodiscard]] std::optional<MoveProblem> restore() const {
    return store::restore_from_quarantine(*catalog, *catalog->quarantine_entry(decision),
                                          root.string());
  }
  void check_restored() const {
    CHECK(read_file(copy) == bytes);
    CHECK(std::filesystem::is_empty(quarantine));
    CHECK(journal() == MoveState::restored);
    CHECK(decision_state() == DecisionState::restored);
    check_nothing_hidden();
  }
  void check_nothing_hidden() const {
    int files = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root))
      if (entry.is_regular_file()) ++files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(other.path()))
      if (entry.is_regular_file() && entry.path().extension() != ".json") ++files;
    CHECK(files == 2);
  }
  /// What a person and a file system may have given a file.
  void tag() const {
    if (::geteuid() == 0) REQUIRE(::chown(copy.c_str(), 12345, 54321) == 0);
    REQUIRE(::chmod(copy.c_str(), 0640) == 0);
    (void)::setxattr(copy.c_str(), "user.imgdedup", "note", 4, 0);
    // u::rw-,u:23456:r--,g::r--,m::r--,o::---
    const unsigned char list[] = {2,  0, 0, 0,                          //
                                  1,  0, 6, 0, 0xff, 0xff, 0xff, 0xff,  //
                                  2,  0, 4, 0, 0xa0, 0x5b, 0,    0,     //
                                  4,  0, 4, 0, 0xff, 0xff, 0xff, 0xff,  //
                                  16, 0, 4, 0, 0xff, 0xff, 0xff, 0xff,  //
                                  32, 0, 0, 0, 0xff, 0xff, 0xff, 0xff};
    (void)::setxattr(copy.c_str(), "system.posix_acl_access", list, sizeof list, 0);
    const timespec times[]{{1'000'000'000, 123'456'789}, {1'000'000'001, 987'654'321}};
    REQUIRE(::utimensat(AT_FDCWD, copy.c_str(), times, 0) == 0);
  }

  OtherMount other{skipped};
};

bool has_kind(const std::optional<MoveProblem>& problem, MoveProblem::Kind kind) {
  return problem && problem->kind == kind && !problem->message.empty();
}

}  // namespace

TEST_CASE("a copied file keeps times, mode, owner, access list and attributes, there and back") {
  const TwoMounts scene;
  if (!scene.other.is_there()) return;
  scene.tag();
  const Tags before = tags_of(scene.copy);
  CHECK_FALSE(before.access_list.empty());
  CHECK_FALSE(scene.move());
  scene.check_in_quarantine();
  CHECK(stamp_on_disk(scene.quarantined()).device != stamp_on_disk(scene.keeper).device);
  Tags there = tags_of(scene.quarantined());
  // Shared memory may have no attributes for users; then the note has them.
  if (there.note.empty()) there.note = before.note;
  CHECK(there == before);
  CHECK_FALSE(scene.restore());
  scene.check_restored();
  CHECK(tags_of(scene.copy) == before);
  CHECK(scene.recover().adopted.empty());
}

TEST_CASE("across mounts nothing is copied unless the owner named the folder") {
  const TwoMounts scene;
  if (!scene.other.is_there()) return;
  auto request = scene.request();
  request.across_mounts = store::AcrossMounts::refuse;
  store::QuarantineMove move(*scene.catalog, request);
  REQUIRE_FALSE(move.prepare());
  const auto problem = move.take(1);
  CHECK(has_kind(problem, MoveProblem::Kind::refused));
  CHECK(problem->message.find("another mount") != std::string::npos);
  scene.check_in_place();
  CHECK(scene.journal() == MoveState::failed);
}

TEST_CASE("a file that is copied is not touched before its copy is whole") {
  const TwoMounts scene;
  if (!scene.other.is_there()) return;
  SUBCASE("left before it is copied") {
    store::QuarantineMove move(*scene.catalog, scene.request());
    REQUIRE_FALSE(move.prepare());
    REQUIRE_FALSE(move.take(1));
    CHECK(scene.journal() == MoveState::copying);
  }
  SUBCASE("left when it is copied") {
    store::QuarantineMove move(*scene.catalog, scene.request());
    REQUIRE_FALSE(scene.take(move));
    CHECK(read_file(scene.copy) == QuarantineScene::bytes);
  }
  SUBCASE("the copying was broken off") {
    store::QuarantineMove move(*scene.catalog, scene.request());
    REQUIRE_FALSE(move.prepare());
    REQUIRE_FALSE(move.take(1));
    move.transfer()->cancel();
    move.transfer()->run();
    CHECK(move.finish());
  }
  scene.check_in_place();
  scene.check_nothing_hidden();
  CHECK(std::filesystem::is_empty(scene.quarantine));
  CHECK_FALSE(scene.move());
  scene.check_in_quarantine();
}

TEST_CASE("a file that changes while it is copied, or whose original goes, stays") {
  const TwoMounts scene;
  if (!scene.other.is_there()) return;
  store::QuarantineMove move(*scene.catalog, scene.request());
  REQUIRE_FALSE(scene.take(move));
  std::string now = QuarantineScene::bytes;
  SUBCASE("somebody begins to write it") {
    const posix::UniqueDescriptor writer(
        ::open(scene.copy.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
    if (writer) return;
  }
  SUBCASE("it is replaced") {
    now = "another picture";
    write_file(scene.root / "new", now);
    std::filesystem::rename(scene.root / "new", scene.copy);
  }
  SUBCASE("its times are set") {
    const timespec times[]{{1, 1}, {1, 1}};
    REQUIRE(::utimensat(AT_FDCWD, scene.copy.c_str(), times, 0) == 0);
  }
  SUBCASE("its original is deleted") { std::filesystem::remove(scene.keeper); }
  SUBCASE("its original is replaced") {
    write_file(scene.root / "new", "another picture");
    std::filesystem::rename(scene.root / "new", scene.keeper);
  }
  CHECK(has_kind(move.finish(), MoveProblem::Kind::changed));
  CHECK(read_file(scene.copy) == now);
  CHECK(scene.journal() == MoveState::undone);
  CHECK(std::filesystem::is_empty(scene.quarantine));
  CHECK(scene.decision_state() == DecisionState::standing);
}

TEST_CASE("a full quarantine leaves the file in place and nothing behind") {
  const TwoMounts scene;
  if (!scene.other.is_there()) return;
  // Nothing has so much room.
  std::filesystem::resize_file(scene.copy, std::uintmax_t{1} << 43);
  if (std::filesystem::file_size(scene.copy) != std::uintmax_t{1} << 43) return;
  auto request = scene.request();
  request.stamp = stamp_on_disk(scene.copy);
  store::QuarantineMove move(*scene.catalog, request);
  REQUIRE_FALSE(move.prepare());
  const auto problem = move.take(1);
  CHECK(has_kind(problem, MoveProblem::Kind::refused));
  CHECK(problem->message.find("No space left") != std::string::npos);
  CHECK(scene.journal() == MoveState::failed);
  CHECK(std::filesystem::is_empty(scene.quarantine));
}

TEST_CASE("a file is never copied back over another") {
  const TwoMounts scene;
  if (!scene.other.is_there()) return;
  REQUIRE_FALSE(scene.move());
  write_file(scene.copy, "newer");
  CHECK(scene.restore());
  CHECK(read_file(scene.copy) == "newer");
  scene.check_in_quarantine_but_name();
  std::filesystem::remove(scene.copy);
  store::QuarantineReturn way_back(*scene.catalog, *scene.catalog->quarantine_entry(scene.decision),
                                   scene.root.string());
  REQUIRE_FALSE(way_back.begin());
  REQUIRE(way_back.transfer());
  CHECK(scene.journal() == MoveState::restoring);
  way_back.transfer()->run();
  write_file(scene.copy, "newest");
  CHECK(way_back.finish());
  CHECK(read_file(scene.copy) == "newest");
  scene.check_in_quarantine_but_name();
}

TEST_CASE("a move that has to end an earlier one leaves a restore in hand alone") {
  TwoMounts scene;
  if (!scene.other.is_there()) return;
  auto request = scene.request();
  REQUIRE_FALSE(scene.move());
  store::QuarantineReturn way_back(*scene.catalog, *scene.catalog->quarantine_entry(scene.decision),
                                   scene.root.string());
  REQUIRE_FALSE(way_back.begin());

  request.path = (scene.root / "second.jpg").string();
  write_file(request.path, scene.bytes);
  request.stamp = stamp_on_disk(request.path);
  request.file_id = scene.add(request.path, *scene.catalog->content_with_digest(digest(1)),
                              store::FileRole::duplicate);
  matching::DuplicateVerdict verdict;
  verdict.original_file_id = scene.keeper_id;
  verdict.action = matching::Action::quarantine;
  request.decision_id = scene.catalog->add_decision({request.file_id, verdict, 5, std::nullopt});
  scene.catalog->begin_move({request.decision_id, MoveState::copying, request.path,
                             scene.quarantine.string(), "q2-0000000000000001.jpg", request.stamp,
                             request.content, request.keeper_path, request.relation, 5});
  {
    store::QuarantineMove move(*scene.catalog, request);
    REQUIRE_FALSE(move.prepare());
    CHECK(has_kind(move.take(42), MoveProblem::Kind::changed));
  }
  CHECK(scene.catalog->quarantine_entry(request.decision_id)->state == MoveState::undone);
  CHECK(read_file(request.path) == scene.bytes);
  CHECK(scene.journal() == MoveState::restoring);
  way_back.transfer()->run();
  CHECK_FALSE(way_back.finish());
  CHECK(scene.journal() == MoveState::restored);
  CHECK(read_file(scene.copy) == scene.bytes);
}

TEST_CASE("m1-crash-matrix: across mounts, killed anywhere on the way, one intact file is found") {
  int kills = 0;
  for (const char* point :
       {"before_intent", "after_intent", "after_sidecar", "before_rename", "copy_written_down",
        "copy_begun", "copy_written", "copy_synced", "copy_named", "after_copied", "after_hidden",
        "after_removed", "after_sync", "after_commit"}) {
    CAPTURE(std::string(point));
    TwoMounts scene;
    if (!scene.other.is_there()) return;
    scene.tag();
    const Tags before = tags_of(scene.copy);
    const auto request = scene.request();
    scene.close();
    const int status = in_child("IMGDEDUPD_CRASH_AT", point, [&] {
      scene.open();
      store::QuarantineMove move(*scene.catalog, request);
      (void)scene.take(move);
      (void)move.finish();
    });
    REQUIRE(WIFSIGNALED(status));
    ++kills;
    scene.open();
    const auto report = scene.recover();
    CHECK(report.lost.empty());
    CHECK(report.waiting == 0);
    scene.check_nothing_hidden();
    const bool is_moved = std::string_view(point).starts_with("after_removed") ||
                          std::string_view(point) == "after_sync" ||
                          std::string_view(point) == "after_commit";
    if (is_moved) {
      CHECK(scene.journal() == MoveState::quarantined);
      CHECK(read_file(scene.quarantined()) == QuarantineScene::bytes);
      CHECK(scene.has_sidecar());
      CHECK_FALSE(scene.restore());
      scene.check_restored();
    } else {
      scene.check_in_place();
      CHECK(scene.journal() != MoveState::intent);
      if (std::filesystem::exists(scene.quarantine))
        CHECK(std::filesystem::is_empty(scene.quarantine));
    }
    CHECK(tags_of(scene.copy) == before);
    CHECK(scene.recover().undone.empty());
  }
  for (const char* point : {"restore_copy_written_down", "copy_begun", "copy_written",
                            "copy_synced", "restore_copy_named", "restore_copy_removed"}) {
    CAPTURE(std::string(point));
    TwoMounts scene;
    scene.tag();
    const Tags before = tags_of(scene.copy);
    REQUIRE_FALSE(scene.move());
    scene.close();
    const int status = in_child("IMGDEDUPD_CRASH_AT", point, [&] {
      scene.open();
      (void)scene.restore();
    });
    REQUIRE(WIFSIGNALED(status));
    ++kills;
    scene.open();
    CHECK(scene.recover().lost.empty());
    scene.check_nothing_hidden();
    if (scene.journal() == MoveState::quarantined) {
      scene.check_in_quarantine_but_name();
      CHECK_FALSE(std::filesystem::exists(scene.copy));
      CHECK_FALSE(scene.restore());
    }
    scene.check_restored();
    CHECK(tags_of(scene.copy) == before);
  }
  std::printf("m1-crash-matrix: %d kills across mounts, one intact file after each\n", kills);
}

TEST_CASE("a broken-off copying waits for a folder that is away") {
  TwoMounts scene;
  if (!scene.other.is_there()) return;
  const char* point = "after_hidden";
  SUBCASE("the quarantine") { point = "copy_named"; }
  SUBCASE("the watched folder") {}
  scene.close();
  const auto request = scene.request();
  const int status = in_child("IMGDEDUPD_CRASH_AT", point, [&] {
    scene.open();
    store::QuarantineMove move(*scene.catalog, request);
    (void)scene.take(move);
    (void)move.finish();
  });
  REQUIRE(WIFSIGNALED(status));
  scene.open();
  const bool is_quarantine = std::string_view(point) == "copy_named";
  const auto place = is_quarantine ? scene.quarantine : scene.root;
  const std::filesystem::path aside = place.string() + "-away";
  std::filesystem::rename(place, aside);
  const auto report = store::recover_quarantine(
      *scene.catalog, {scene.quarantine.string()}, [&](const std::string&) {
        return store::WatchedPlace{scene.root.string(), true};
      });
  CHECK(report.waiting == 1);
  CHECK(is_unfinished(*scene.journal()));
  std::filesystem::rename(aside, place);
  CHECK(scene.recover().undone.size() == 1);
  scene.check_in_place();
  scene.check_nothing_hidden();
}

TEST_CASE("a lost catalog adopts a copied file, and shows what was hidden beside it") {
  TwoMounts scene;
  if (!scene.other.is_there()) return;
  scene.tag();
  const Tags before = tags_of(scene.copy);
  const auto request = scene.request();
  scene.close();
  const int status = in_child("IMGDEDUPD_CRASH_AT", "after_hidden", [&] {
    scene.open();
    store::QuarantineMove move(*scene.catalog, request);
    (void)scene.take(move);
    (void)move.finish();
  });
  REQUIRE(WIFSIGNALED(status));
  scene.lose_catalog();
  CHECK(scene.recover().adopted.size() == 1);
  CHECK(tags_of(scene.copy) == before);
  CHECK(read_file(scene.quarantined()) == QuarantineScene::bytes);
  std::filesystem::remove(scene.copy);
  CHECK_FALSE(scene.restore());
  CHECK(tags_of(scene.copy) == before);
}

TEST_CASE("what was hidden is shown beside a file that took its name") {
  TwoMounts scene;
  if (!scene.other.is_there()) return;
  const auto request = scene.request();
  scene.close();
  const int status = in_child("IMGDEDUPD_CRASH_AT", "after_hidden", [&] {
    scene.open();
    store::QuarantineMove move(*scene.catalog, request);
    (void)scene.take(move);
    (void)move.finish();
  });
  REQUIRE(WIFSIGNALED(status));
  write_file(scene.copy, "saved meanwhile");
  scene.open();
  CHECK(scene.recover().undone.size() == 1);
  CHECK(read_file(scene.copy) == "saved meanwhile");
  CHECK(read_file(scene.root / "sub" /
                  ("copy \xff.imgdedup-" + std::to_string(scene.decision) + ".JPG")) ==
        QuarantineScene::bytes);
  CHECK(std::filesystem::is_empty(scene.quarantine));
}
