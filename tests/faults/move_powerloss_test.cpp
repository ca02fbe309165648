// SPDX-License-Identifier: Apache-2.0
// The power goes in the middle of a move or a restore: of every file one intact copy is there.
#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdio>
#include <optional>
#include <thread>
#include <vector>

#include "faults/fault_support.h"
#include "faults/own_disk.h"
#include "store/quarantine_scene.h"
#include "support/drawn_pictures.h"

using namespace imgdedup::testing;
using imgdedup::protocol::Json;
namespace fs = std::filesystem;

namespace {

std::string photo_of(std::uint64_t seed) {
  return encode_picture(draw_picture(seed, {160, 120}), ".jpg", 90);
}

/// A watched folder and, if asked for, a quarantine of its own, each on a disk whose power can go.
struct Disks {
  enum class Quarantine : std::uint8_t { same, other };

  explicit Disks(Quarantine where) : photos(base.path(), "photos-disk") {
    if (where == Quarantine::other) kept.emplace(base.path(), "kept-disk");
  }
  [[nodiscard]] bool are_mounted() const {
    if (photos.is_mounted() && (!kept || kept->is_mounted())) return true;
    std::printf("SKIPPED: m4-powerloss (this user may not mount a file)\n");
    return false;
  }
  [[nodiscard]] fs::path root() const { return photos.place() / "photos"; }
  [[nodiscard]] fs::path quarantine() const {
    return kept ? kept->place() / "q" : root() / ".imgdedup-quarantine";
  }
  [[nodiscard]] std::string watch() const {
    return "  - {path: '" + root().string() + "'" +
           (kept ? ", quarantine: '" + quarantine().string() + "'" : "") + "}\n";
  }
  /// The machine goes: the service, then both disks.
  void go_out(Service& service) {
    REQUIRE(photos.cut_power());
    if (kept) REQUIRE(kept->cut_power());
    service.kill();
    photos.mount_again();
    if (kept) kept->mount_again();
  }
  /// Files of these bytes, wherever they are.
  [[nodiscard]] int copies(const std::string& bytes) const {
    int count = 0;
    for (const fs::path& place : {photos.place(), kept ? kept->place() : photos.place() / "none"})
      if (fs::exists(place))
        for (const auto& entry : fs::recursive_directory_iterator(place))
          if (entry.is_regular_file() && read_file(entry.path()) == bytes) ++count;
    return count;
  }

  TemporaryDirectory base;
  OwnDisk photos;
  std::optional<OwnDisk> kept;
};

void check_one_of_two_moved(Service& service, Disks& disks) {
  CHECK(read_file(disks.root() / "a.jpg") == photo_of(1));
  CHECK_FALSE(fs::exists(disks.root() / "b.jpg"));
  CHECK(disks.copies(photo_of(1)) == 2);
  const auto entries = service.list("quarantine.list");
  REQUIRE(entries.size() == 1);
  CHECK(read_file(entries[0]["quarantine_path"].get<std::string>()) == photo_of(1));
  CHECK(count_files(disks.quarantine(), ".json") == 1);
  CHECK(count_files(disks.quarantine(), "") == 2);
  CHECK(service.log_lines().size() == 1);
}

}  // namespace

TEST_CASE("m4-powerloss: the power goes at any point of a move, and nothing is lost") {
  const auto cut = [](Disks::Quarantine where, const std::vector<const char*>& points) {
    int cuts = 0;
    for (const char* point : points) {
      INFO("at ", std::string(point));
      Disks disks(where);
      if (!disks.are_mounted()) return cuts;
      Service service("actions: {exact: quarantine}\n", disks.watch());
      fs::create_directories(disks.root());
      write_file(disks.root() / "a.jpg", photo_of(1));
      ::sync();
      HoldingPoint held(service, point);
      service.start(held.environment());
      service.sync();
      write_file(disks.root() / "b.jpg", photo_of(1));
      ::sync();
      held.wait();
      disks.go_out(service);
      ++cuts;
      CHECK(read_file(disks.root() / "a.jpg") == photo_of(1));
      CHECK(disks.copies(photo_of(1)) >= 2);
      service.start();
      service.sync();
      check_one_of_two_moved(service, disks);
      CHECK(service.stop() == 0);
    }
    return cuts;
  };
  const int renamed = cut(Disks::Quarantine::same, {"after_intent", "before_rename", "after_rename",
                                                    "after_sync", "after_commit"});
  const int copied =
      cut(Disks::Quarantine::other, {"copy_written", "copy_synced", "copy_named", "after_copied",
                                     "after_hidden", "after_removed", "after_commit"});
  std::printf("m4-powerloss: %d cuts of a rename, %d of a copying, no file lost\n", renamed,
              copied);
}

TEST_CASE("m4-powerloss: what was put back is there when the power goes") {
  Disks disks(Disks::Quarantine::same);
  if (!disks.are_mounted()) return;
  // The catalog on a disk that keeps its power.
  QuarantineScene scene;
  scene.root = disks.root();
  scene.keeper = scene.root / "keep.jpg";
  scene.copy = scene.root / "sub/copy.JPG";
  scene.quarantine = disks.quarantine();
  write_file(scene.keeper, QuarantineScene::bytes);
  write_file(scene.copy, QuarantineScene::bytes);
  auto request = scene.request();
  request.keeper_stamp = stamp_on_disk(scene.keeper);
  {
    imgdedup::store::QuarantineMove move(*scene.catalog, request);
    REQUIRE_FALSE(move.prepare());
    REQUIRE_FALSE(move.take(1));
    ::sync();
    fs::remove(scene.keeper);
    REQUIRE(move.finish());
    REQUIRE(scene.journal() == imgdedup::store::MoveState::undone);
    REQUIRE(disks.photos.cut_power());
  }
  disks.photos.mount_again();
  CHECK(fs::exists(scene.copy));
  CHECK_FALSE(fs::exists(scene.quarantined()));
  if (fs::exists(scene.copy)) CHECK(read_file(scene.copy) == QuarantineScene::bytes);
  std::printf("m4-powerloss: 1 cut after a file was put back, it was in its place\n");
}

TEST_CASE("m4-powerloss: the power goes in the middle of a restore, and nothing is lost") {
  int cuts = 0;
  const auto cut = [&](Disks::Quarantine where, const char* point) {
    INFO("at ", std::string(point));
    Disks disks(where);
    if (!disks.are_mounted()) return;
    Service service("actions: {exact: quarantine}\n", disks.watch());
    fs::create_directories(disks.root());
    write_file(disks.root() / "a.jpg", photo_of(1));
    service.start();
    service.sync();
    write_file(disks.root() / "b.jpg", photo_of(1));
    ::sync();
    service.sync();
    const Json id = service.list("quarantine.list").at(0)["id"];
    service.stop();
    HoldingPoint held(service, point);
    service.start(held.environment());
    service.sync();
    // It is held for as long as the service stands; the power goes meanwhile.
    std::thread client([&] {
      try {
        service.call("quarantine.restore", {{"ids", {id}}});
      } catch (const std::exception&) {
        // It was broken off.
      }
    });
    held.wait();
    disks.go_out(service);
    client.join();
    ++cuts;
    CHECK(disks.copies(photo_of(1)) >= 2);
    service.start();
    service.sync();
    const auto entries = service.list("quarantine.list");
    CHECK(disks.copies(photo_of(1)) == 2);
    CHECK(fs::exists(disks.root() / "b.jpg") == entries.empty());
    if (!entries.empty()) CHECK(service.ctl({"quarantine", "restore", "--all"}).exit_status == 0);
    service.sync();
    CHECK(read_file(disks.root() / "b.jpg") == photo_of(1));
    CHECK(count_files(disks.quarantine(), "") == 0);
    CHECK(service.stop() == 0);
  };
  cut(Disks::Quarantine::same, "restore_after_rename");
  for (const char* point : {"copy_synced", "restore_copy_named", "restore_copy_removed"})
    cut(Disks::Quarantine::other, point);
  std::printf("m4-powerloss: %d cuts of a restore, no file lost\n", cuts);
}
