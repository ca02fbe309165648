// SPDX-License-Identifier: Apache-2.0
// Into quarantine: what was judged moves whole, anything else stays where it is.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/xattr.h>

#include <cerrno>
#include <fstream>

#include "store/quarantine_scene.h"

using namespace imgdedup;
using namespace imgdedup::testing;
using matching::DecisionState;
using store::MoveProblem;
using store::MoveState;

namespace {

/// Tries to open for writing without waiting for a lease; the try alone breaks it.
void knock_for_writing(const std::filesystem::path& path) {
  const posix::UniqueDescriptor writer(
      ::open(path.c_str(), O_WRONLY | O_APPEND | O_NONBLOCK | O_CLOEXEC));
}

bool has_kind(const std::optional<MoveProblem>& problem, MoveProblem::Kind kind) {
  return problem && problem->kind == kind && !problem->message.empty();
}

}  // namespace

TEST_CASE("a copy goes to quarantine with its times, mode and attributes") {
  const QuarantineScene scene;
  const timespec times[]{{1'000'000'000, 123'456'789}, {1'000'000'001, 987'654'321}};
  REQUIRE(::utimensat(AT_FDCWD, scene.copy.c_str(), times, 0) == 0);
  REQUIRE(::chmod(scene.copy.c_str(), 0640) == 0);
  const bool has_attributes = ::setxattr(scene.copy.c_str(), "user.imgdedup", "note", 4, 0) == 0;
  if (!has_attributes) MESSAGE("skipped: this file system has no extended attributes");
  const auto before = stamp_on_disk(scene.copy);

  CHECK_FALSE(scene.move());
  scene.check_in_quarantine();
  const auto after = stamp_on_disk(scene.quarantined());
  CHECK(matching::same_inode_unmodified(after, before));
  struct stat status {};
  REQUIRE(::stat(scene.quarantined().c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0640);
  if (has_attributes) {
    char value[4];
    CHECK(::getxattr(scene.quarantined().c_str(), "user.imgdedup", value, 4) == 4);
  }
  const auto entry = scene.catalog->quarantine_entry(scene.decision);
  CHECK(entry->original_path == scene.copy.string());
  CHECK(entry->stamp == before);
  CHECK(entry->moved_at_ns == 42);
  CHECK(store::quarantine_path(*entry) == scene.quarantined());
  CHECK(read_file(scene.keeper) == QuarantineScene::bytes);
}

TEST_CASE("a file from a year that nobody will see moves like any other") {
  const QuarantineScene scene;
  for (const time_t seconds : {time_t{1} << 34, time_t{1} << 40, -(time_t{1} << 40)}) {
    const timespec times[]{{seconds, 1}, {seconds, 1}};
    REQUIRE(::utimensat(AT_FDCWD, scene.copy.c_str(), times, 0) == 0);
    store::QuarantineMove move(*scene.catalog, scene.request());
    CHECK_FALSE(move.prepare());
    CHECK_FALSE(move.take(1));
  }
  scene.check_in_place();
}

TEST_CASE("what is verified is what is moved") {
  const QuarantineScene scene;
  store::QuarantineMove move(*scene.catalog, scene.request());
  REQUIRE_FALSE(move.prepare());
  const auto descriptor = move.duplicate_descriptor();
  struct stat status {};
  REQUIRE(::fstat(descriptor.get(), &status) == 0);
  CHECK(status.st_ino == scene.request().stamp.inode);
  REQUIRE_FALSE(move.take(1));
  REQUIRE_FALSE(move.finish());
  REQUIRE(::fstat(descriptor.get(), &status) == 0);
  CHECK(status.st_ino == stamp_on_disk(scene.quarantined()).inode);
}

TEST_CASE("a move that is left before its end puts the file back") {
  const QuarantineScene scene;
  {
    store::QuarantineMove move(*scene.catalog, scene.request());
    REQUIRE_FALSE(move.prepare());
    SUBCASE("before it was taken") {}
    SUBCASE("after it was taken") {
      REQUIRE_FALSE(move.take(1));
      CHECK_FALSE(std::filesystem::exists(scene.copy));
    }
  }
  scene.check_in_place();
  CHECK(scene.journal() != MoveState::intent);
  CHECK_FALSE(scene.catalog->decisions_to_carry_out(0, 9).empty());
}

TEST_CASE("a file that was not the judged one any more is not touched") {
  const QuarantineScene scene;
  auto request = scene.request();
  SUBCASE("it was written") { write_file(scene.copy, "another picture, just saved"); }
  SUBCASE("it was replaced") {
    write_file(scene.root / "new", QuarantineScene::bytes);
    std::filesystem::rename(scene.root / "new", scene.copy);
  }
  SUBCASE("it is gone") { std::filesystem::remove(scene.copy); }
  SUBCASE("it is a link") {
    std::filesystem::rename(scene.copy, scene.root / "moved");
    std::filesystem::create_symlink(scene.root / "moved", scene.copy);
  }
  SUBCASE("its folder is a link") {
    std::filesystem::rename(scene.root / "sub", scene.directory / "elsewhere");
    std::filesystem::create_directory_symlink(scene.directory / "elsewhere", scene.root / "sub");
  }
  SUBCASE("it is a fifo") {
    std::filesystem::remove(scene.copy);
    REQUIRE(::mkfifo(scene.copy.c_str(), 0600) == 0);
  }
  SUBCASE("it has another hard link by now") {
    std::filesystem::create_hard_link(scene.copy, scene.root / "second name");
  }
  store::QuarantineMove move(*scene.catalog, request);
  CHECK(has_kind(move.prepare(), MoveProblem::Kind::changed));
  CHECK_FALSE(scene.journal());
  CHECK_FALSE(std::filesystem::exists(scene.quarantine));
  CHECK(scene.decision_state() == DecisionState::standing);
}

TEST_CASE("a file that somebody has open for writing waits") {
  const QuarantineScene scene;
  const posix::UniqueDescriptor writer(::open(scene.copy.c_str(), O_WRONLY | O_CLOEXEC));
  REQUIRE(writer);
  store::QuarantineMove move(*scene.catalog, scene.request());
  const auto problem = move.prepare();
  CHECK(has_kind(problem, MoveProblem::Kind::changed));
  CHECK(problem->message.find(scene.copy.string()) != std::string::npos);
  scene.check_in_place();
}

TEST_CASE("a file that changes while it is verified stays") {
  const QuarantineScene scene;
  store::QuarantineMove move(*scene.catalog, scene.request());
  REQUIRE_FALSE(move.prepare());
  SUBCASE("somebody begins to write") { knock_for_writing(scene.copy); }
  SUBCASE("it is replaced") {
    write_file(scene.root / "new", QuarantineScene::bytes);
    std::filesystem::rename(scene.root / "new", scene.copy);
  }
  SUBCASE("its times are set") {
    const timespec times[]{{1, 1}, {1, 1}};
    REQUIRE(::utimensat(AT_FDCWD, scene.copy.c_str(), times, 0) == 0);
  }
  CHECK(has_kind(move.take(1), MoveProblem::Kind::changed));
  scene.check_in_place();
  CHECK_FALSE(scene.journal());
}

TEST_CASE("a file that somebody begins to write after it was taken goes back") {
  const QuarantineScene scene;
  store::QuarantineMove move(*scene.catalog, scene.request());
  REQUIRE_FALSE(move.prepare());
  REQUIRE_FALSE(move.take(1));
  if (move.needs_second_digest()) {
    MESSAGE("skipped: no leases here");
    return;
  }
  knock_for_writing(scene.quarantined());
  CHECK(has_kind(move.finish(), MoveProblem::Kind::changed));
  scene.check_in_place();
  CHECK(scene.journal() == MoveState::undone);
}

TEST_CASE("a file that is replaced in the moment of the move goes back") {
  QuarantineScene scene;
  const auto request = scene.request();
  const auto fifo = scene.directory / "fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  scene.close();
  const int status = in_child(
      "IMGDEDUPD_PAUSE_AT", "before_rename:" + fifo.string(),
      [&] {
        const auto catalog = SqliteBackend::open(scene.directory.path());
        store::QuarantineMove move(*catalog, request);
        if (move.prepare()) ::_exit(4);
        if (!has_kind(move.take(1), MoveProblem::Kind::changed)) ::_exit(5);
      },
      [&] {
        std::ofstream paused(fifo);  // open as soon as the child waits
        write_file(scene.root / "new", "another picture");
        std::filesystem::rename(scene.root / "new", scene.copy);
        paused << 'x' << std::flush;
      });
  CHECK(status == 0);
  scene.open();
  CHECK(read_file(scene.copy) == "another picture");
  CHECK_FALSE(std::filesystem::exists(scene.quarantined()));
  CHECK_FALSE(scene.has_sidecar());
  CHECK(scene.journal() == MoveState::undone);
}

TEST_CASE("an original whose times move with those of the taken file is the same file") {
  const QuarantineScene scene;
  auto request = scene.request();
  request.keeper_stamp = stamp_on_disk(scene.keeper);
  store::QuarantineMove move(*scene.catalog, request);
  REQUIRE_FALSE(move.prepare());
  // As a rename of the one inode would.
  REQUIRE(::chmod(scene.keeper.c_str(), 0640) == 0);
  REQUIRE(stamp_on_disk(scene.keeper) != *request.keeper_stamp);
  const auto problem = move.take(1);
  CHECK(has_kind(problem, MoveProblem::Kind::changed));
  CHECK(problem->original_changed);
  scene.check_in_place();
}

TEST_CASE("a file whose name is taken cannot go back: it stays in quarantine, listed") {
  const QuarantineScene scene;
  {
    store::QuarantineMove move(*scene.catalog, scene.request());
    REQUIRE_FALSE(move.prepare());
    REQUIRE_FALSE(move.take(1));
    write_file(scene.copy, "saved meanwhile");
  }
  CHECK(read_file(scene.copy) == "saved meanwhile");
  CHECK(read_file(scene.quarantined()) == QuarantineScene::bytes);
  CHECK(scene.has_sidecar());
  CHECK(scene.journal() == MoveState::quarantined);
  CHECK(scene.decision_state() == DecisionState::quarantined);
}

TEST_CASE("a name that is taken again after the move belongs to the new file") {
  const QuarantineScene scene;
  store::QuarantineMove move(*scene.catalog, scene.request());
  REQUIRE_FALSE(move.prepare());
  REQUIRE_FALSE(move.take(1));
  write_file(scene.copy, "saved meanwhile");
  CHECK_FALSE(move.finish());
  CHECK(read_file(scene.copy) == "saved meanwhile");
  CHECK(read_file(scene.quarantined()) == QuarantineScene::bytes);
}

TEST_CASE("a file whose row was ended in the middle of its move is moved all the same") {
  const QuarantineScene scene;
  store::QuarantineMove move(*scene.catalog, scene.request());
  REQUIRE_FALSE(move.prepare());
  REQUIRE_FALSE(move.take(1));
  scene.catalog->remove_file(scene.copy_id);
  CHECK_FALSE(move.finish());
  scene.check_in_quarantine();
}

TEST_CASE("a folder swapped for a link after the check leads nowhere else") {
  const QuarantineScene scene;
  store::QuarantineMove move(*scene.catalog, scene.request());
  REQUIRE_FALSE(move.prepare());
  const auto victim = scene.directory / "victim" / scene.copy.filename().string();
  write_file(victim, "somebody else's");
  std::filesystem::rename(scene.root / "sub", scene.root / "old");
  std::filesystem::create_directory_symlink(scene.directory / "victim", scene.root / "sub");
  CHECK(has_kind(move.take(1), MoveProblem::Kind::changed));
  CHECK(read_file(victim) == "somebody else's");
  CHECK(read_file(scene.root / "old" / scene.copy.filename()) == QuarantineScene::bytes);
  CHECK_FALSE(std::filesystem::exists(scene.quarantine));
  CHECK_FALSE(scene.journal());
}

TEST_CASE("a file goes back into its folder, wherever that is by now") {
  const QuarantineScene scene;
  store::QuarantineMove move(*scene.catalog, scene.request());
  REQUIRE_FALSE(move.prepare());
  REQUIRE_FALSE(move.take(1));
  const auto elsewhere = scene.directory / "elsewhere";
  std::filesystem::rename(scene.root / "sub", elsewhere);
  SUBCASE("nothing has its name") {}
  SUBCASE("another folder has its name") { std::filesystem::create_directory(scene.root / "sub"); }
  CHECK(has_kind(move.finish(), MoveProblem::Kind::changed));
  CHECK(read_file(elsewhere / scene.copy.filename()) == QuarantineScene::bytes);
  CHECK(std::filesystem::is_empty(scene.quarantine));
  CHECK(scene.journal() == MoveState::undone);
}

TEST_CASE("nothing in quarantine is ever replaced") {
  const QuarantineScene scene;
  std::filesystem::create_directory(scene.quarantine);
  std::filesystem::path other = scene.quarantined();
  bool has_note = true;
  SUBCASE("a file of that name") {}
  SUBCASE("a note that is none of ours") {
    other = scene.quarantine / store::sidecar_name(scene.decision);
    has_note = false;
  }
  SUBCASE("a file of that number from a catalog that was lost") {
    other = scene.quarantine / ("q" + std::to_string(scene.decision) + "-ffff.png");
  }
  write_file(other, "quarantined long ago");
  store::QuarantineEntry entry;
  entry.id = scene.decision;
  entry.name = other.filename();
  entry.original_path = "/long/ago.png";
  const auto sidecar = scene.quarantine / store::sidecar_name(scene.decision);
  if (has_note) write_file(sidecar, store::sidecar_text(entry));

  const auto problem = scene.move();
  CHECK(has_kind(problem, MoveProblem::Kind::refused));
  CHECK(read_file(scene.copy) == QuarantineScene::bytes);
  CHECK(read_file(other) == "quarantined long ago");
  if (has_note) CHECK(read_file(sidecar) == store::sidecar_text(entry));
  CHECK(scene.journal() != MoveState::quarantined);
  CHECK(scene.decision_state() == DecisionState::standing);
}

TEST_CASE("a quarantine folder that cannot be made is a problem that names it") {
  const QuarantineScene scene;
  write_file(scene.quarantine, "a file");
  const auto problem = scene.move();
  CHECK(has_kind(problem, MoveProblem::Kind::refused));
  CHECK(problem->message.find(scene.quarantine.string()) != std::string::npos);
  CHECK(read_file(scene.copy) == QuarantineScene::bytes);
  CHECK(scene.journal() != MoveState::intent);
}

TEST_CASE("two moves to one quarantine folder go one after the other") {
  const QuarantineScene first;
  const QuarantineScene second;
  store::QuarantineMove move(*first.catalog, first.request());
  REQUIRE_FALSE(move.prepare());
  REQUIRE_FALSE(move.take(1));
  auto request = second.request();
  request.quarantine_directory = first.quarantine;
  {
    store::QuarantineMove other(*second.catalog, request);
    REQUIRE_FALSE(other.prepare());
    CHECK(has_kind(other.take(1), MoveProblem::Kind::changed));
  }
  second.check_in_place();
  CHECK_FALSE(second.journal());
  CHECK_FALSE(move.finish());
  first.check_in_quarantine();
}

TEST_CASE("a quarantine folder on another mount is refused with advice") {
  struct stat here {};
  struct stat there {};
  if (::stat("/dev/shm", &there) != 0 || ::access("/dev/shm", W_OK) != 0) {
    MESSAGE("skipped: no second file system");
    return;
  }
  QuarantineScene scene;
  REQUIRE(::stat(scene.root.c_str(), &here) == 0);
  if (here.st_dev == there.st_dev) {
    MESSAGE("skipped: no second file system");
    return;
  }
  std::string shm = "/dev/shm/imgdedup-test-XXXXXX";
  REQUIRE(::mkdtemp(shm.data()));
  auto request = scene.request();
  request.quarantine_directory = shm;
  {
    store::QuarantineMove move(*scene.catalog, request);
    REQUIRE_FALSE(move.prepare());
    const auto problem = move.take(1);
    CHECK(has_kind(problem, MoveProblem::Kind::refused));
    CHECK(problem->message.find("another mount") != std::string::npos);
  }
  scene.check_in_place();
  CHECK(scene.journal() == MoveState::failed);
  CHECK(std::filesystem::is_empty(shm));
  std::filesystem::remove_all(shm);
}

TEST_CASE("a root that is the root of everything works like any other") {
  const QuarantineScene scene;
  auto request = scene.request();
  request.root_path = "/";
  store::QuarantineMove move(*scene.catalog, request);
  CHECK_FALSE(move.prepare());
  CHECK_FALSE(move.take(1));
  CHECK_FALSE(move.finish());
  scene.check_in_quarantine();
  std::filesystem::remove_all(scene.root / "sub");
  CHECK_FALSE(store::restore_from_quarantine(
      *scene.catalog, *scene.catalog->quarantine_entry(scene.decision), "/"));
  CHECK(read_file(scene.copy) == QuarantineScene::bytes);
}
