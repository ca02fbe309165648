// SPDX-License-Identifier: Apache-2.0
// Names in quarantine that belong to somebody else: another service with the same folder, or a file
// that came there in the middle of a move. None is replaced, and none removed.
#include <doctest/doctest.h>

#include <cstdio>
#include <optional>

#include <nlohmann/json.hpp>

#include "faults/fault_support.h"
#include "store/sidecar.h"
#include "support/drawn_pictures.h"
#include "support/other_mount.h"

using namespace imgdedup::testing;
using imgdedup::protocol::Json;
namespace fs = std::filesystem;

namespace {

constexpr const char* quarantine_exact = "actions: {exact: quarantine}\n";
constexpr const char* foreign = "somebody's own";

/// Where quarantine lies: on the mount of the watched folders, or on another one.
struct QuarantineFolder {
  QuarantineFolder(bool is_other_mount, const char* test) {
    if (is_other_mount) other.emplace(test);
  }
  [[nodiscard]] bool is_there() const { return !other || other->is_there(); }
  [[nodiscard]] fs::path path() const { return (other ? other->path() : here.path()) / "q"; }
  [[nodiscard]] fs::path note() const { return path() / "q1.json"; }

  TemporaryDirectory here;
  std::optional<OtherMount> other;
};

/// With a.jpg in its own folder, and quarantine in that one.
struct Party {
  explicit Party(const fs::path& quarantine) : service(quarantine_exact) {
    service.write_settings(quarantine_exact, "  - {path: '" + service.root().string() +
                                                 "', quarantine: '" + quarantine.string() + "'}\n");
    write_file(service.root() / "a.jpg", small_jpeg(1));
  }
  [[nodiscard]] fs::path b() const { return service.root() / "b.jpg"; }
  [[nodiscard]] std::size_t moved() { return service.list("quarantine.list").size(); }
  [[nodiscard]] std::string last_error() { return service.call("status")["last_error"].dump(); }

  Service service;
};

std::string path_in_note(const fs::path& note) {
  return Json::parse(read_file(note)).at("original_path").dump();
}

/// The file that `note` speaks of.
fs::path place_in_note(const fs::path& note) {
  return note.parent_path() / Json::parse(read_file(note)).at("name").get<std::string>();
}

}  // namespace

TEST_CASE("k1-two-daemons: two services with one quarantine folder never touch each other's file") {
  for (const bool is_copied : {false, true}) {
    for (const char* point : {"after_intent", "after_sidecar", "before_rename"}) {
      CAPTURE(is_copied);
      CAPTURE(std::string(point));
      const QuarantineFolder quarantine(is_copied, "k1-two-daemons: one quarantine");
      if (!quarantine.is_there()) return;
      Party first(quarantine.path());
      Party second(quarantine.path());
      HoldingPoint held(first.service, point);
      first.service.start(held.environment());
      first.service.sync();
      second.service.start();
      second.service.sync();
      // The same number, the same bytes, and so the same names.
      write_file(first.b(), small_jpeg(1));
      held.wait();
      write_file(second.b(), small_jpeg(1));
      second.service.sync();
      CHECK(second.last_error().find("another service moves a file") != std::string::npos);
      CHECK(read_file(second.b()) == small_jpeg(1));
      CHECK(second.moved() == 0);

      held.release();
      first.service.sync();
      CHECK(first.moved() == 1);
      CHECK_FALSE(fs::exists(first.b()));
      const std::string note = read_file(quarantine.note());
      second.service.call("rescan");
      second.service.sync();
      CHECK(read_file(second.b()) == small_jpeg(1));
      CHECK(second.moved() == 0);
      CHECK(read_file(quarantine.note()) == note);
      CHECK(path_in_note(quarantine.note()).find(first.service.base().string()) !=
            std::string::npos);
      CHECK(count_files(quarantine.path(), "") == 2);

      CHECK(first.service.ctl({"quarantine", "restore", "--all"}).exit_status == 0);
      CHECK(read_file(first.b()) == small_jpeg(1));
      second.service.call("rescan");
      second.service.sync();
      CHECK(second.moved() == 1);
      CHECK(count_files(quarantine.path(), "") == 2);
    }
  }
}

TEST_CASE("m3-fault: a name that is taken in the middle of a move replaces and removes nothing") {
  for (const bool is_copied : {false, true}) {
    CAPTURE(is_copied);
    const QuarantineFolder quarantine(is_copied, "m3-fault: a name taken");
    if (!quarantine.is_there()) return;
    Party party(quarantine.path());
    HoldingPoint held(party.service, is_copied ? "copy_synced" : "before_rename");
    party.service.start(held.environment());
    party.service.sync();
    write_file(party.b(), small_jpeg(1));
    held.wait();
    const fs::path place = place_in_note(quarantine.note());
    write_file(place, foreign);
    held.release();
    party.service.sync();
    CHECK(read_file(place) == foreign);
    CHECK(read_file(party.b()) == small_jpeg(1));
    CHECK(party.moved() == 0);
    CHECK(count_files(quarantine.path(), "") == 1);
    fs::remove(place);
    party.service.call("rescan");
    party.service.sync();
    CHECK(party.moved() == 1);
    CHECK(count_files(quarantine.path(), "") == 2);
  }
  std::printf("m3-fault: a name taken in the middle of a move: both files kept\n");
}

TEST_CASE("m3-fault: the note of another file is neither replaced nor removed") {
  for (const bool is_copied : {false, true}) {
    CAPTURE(is_copied);
    const QuarantineFolder quarantine(is_copied, "m3-fault: a note taken");
    if (!quarantine.is_there()) return;
    Party party(quarantine.path());
    HoldingPoint held(party.service, "after_intent");
    party.service.start(held.environment());
    party.service.sync();
    write_file(party.b(), small_jpeg(1));
    held.wait();
    // What a service on a machine whose locks are not seen here would leave.
    imgdedup::store::QuarantineEntry other;
    other.id = 1;
    other.name = "q1-0000000000000001.jpg";
    other.original_path = "/elsewhere/b.jpg";
    other.keeper_path = "/elsewhere/a.jpg";
    const std::string note = imgdedup::store::sidecar_text(other);
    write_file(quarantine.note(), note);
    write_file(quarantine.path() / other.name, foreign);
    held.release();
    party.service.sync();
    CHECK(read_file(quarantine.note()) == note);
    CHECK(read_file(quarantine.path() / other.name) == foreign);
    CHECK(read_file(party.b()) == small_jpeg(1));
    CHECK(party.moved() == 0);
    CHECK(count_files(quarantine.path(), "") == 2);
  }
}
