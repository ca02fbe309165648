// SPDX-License-Identifier: Apache-2.0
// A damaged, lost or replaced catalog: set aside, built again while nothing moves, the owner's word
// kept.
#include <doctest/doctest.h>
#include <fcntl.h>

#include <cstdio>
#include <random>

#include "faults/catalog_support.h"

using namespace imgdedup::testing;
using imgdedup::protocol::Json;
namespace fs = std::filesystem;
using std::chrono::seconds;
using std::chrono::steady_clock;

namespace {

constexpr const char* quarantine_exact = "actions: {exact: quarantine}\n";

/// A service with every kind of knowledge: b.jpg is a copy of a.jpg and lies in quarantine;
/// back.jpg is one too and was taken out again; near.jpg is declared distinct from other.jpg.
using Environment = std::map<std::string, std::string>;

struct Household {
  explicit Household(const std::map<std::string, std::string>& environment = {})
      : service(quarantine_exact) {
    service.start(environment);
    for (const char* name : {"a.jpg", "b.jpg", "back.jpg"}) {
      write_file(at(name), photo(1));
      service.sync();
    }
    for (const Json& entry : service.list("quarantine.list"))
      if (entry["path"] == at("back.jpg").string())
        service.call("quarantine.restore", {{"ids", {entry["id"]}}});
    write_file(at("other.jpg"), photo(2));
    service.sync();
    write_file(at("near.jpg"), photo(2, 60));
    service.sync();
    service.call("distinct",
                 {{"first", at("other.jpg").string()}, {"second", at("near.jpg").string()}});
    service.sync();
    quarantined_id = service.list("quarantine.list").at(0)["id"].get<std::int64_t>();
    check_is_whole();
    wait_until(
        [&] {
          return read_file(verdicts()).find("back.jpg") != std::string::npos &&
                 read_file(verdicts()).find("\"distinct\":[") != std::string::npos;
        },
        "the verdicts to be saved");
  }

  [[nodiscard]] fs::path at(const char* name) const { return service.root() / name; }
  [[nodiscard]] fs::path verdicts() const { return service.catalog().string() + ".verdicts"; }

  void check_is_whole() {
    CHECK(read_file(at("a.jpg")) == photo(1));
    CHECK(read_file(at("back.jpg")) == photo(1));
    const auto entries = service.list("quarantine.list");
    REQUIRE(entries.size() == 1);
    CHECK(entries[0]["path"] == at("b.jpg").string());
    CHECK(entries[0]["id"] == quarantined_id);
    check_distinct_ones_are_kept();
    check_files_are_known(service);
  }

  /// Starts it on a catalog that cannot be used, with one more copy and one file that is still
  /// being written: the rebuilding cannot end before `finish`.
  void start_rebuilding() {
    write_file(at("new.jpg"), photo(1));
    write_file(at("slow.jpg"), photo(3));
    writer =
        imgdedup::posix::UniqueDescriptor(::open(at("slow.jpg").c_str(), O_WRONLY | O_CLOEXEC));
    begin = steady_clock::now();
    service.start();
    wait_for_the_slow_one();
  }

  void wait_for_the_slow_one() {
    wait_until(
        [&] {
          const Json status = service.call("status");
          return status["pending"] == 1 && status["images"] == 5;
        },
        "all files but one to be judged");
  }

  void check_is_rebuilding() {
    const Json status = service.call("status");
    CHECK(status["state"] == "degraded");
    const auto words = troubles(service, "catalog");
    REQUIRE(words.size() == 1);
    CHECK(words[0].find("No file is moved until") != std::string::npos);
    CHECK(service.service_log().find("is being built from the folders") != std::string::npos);
    CHECK(fs::exists(at("new.jpg")));
    CHECK(status["moves_done"] == 0);
  }

  /// Lets it be built to its end: then the one copy more is moved, or the one it is a copy of, for
  /// which of them came first nobody knows any more. Everything else is as it was.
  void finish() {
    writer.reset();
    wait_until([&] { return troubles(service, "catalog").empty(); }, "the catalog to be whole");
    rebuilt_after = steady_clock::now() - begin;
    service.sync();
    CHECK(fs::exists(at("new.jpg")) != fs::exists(at("a.jpg")));
    CHECK(read_file(fs::exists(at("a.jpg")) ? at("a.jpg") : at("new.jpg")) == photo(1));
    CHECK(read_file(at("back.jpg")) == photo(1));
    const auto entries = service.list("quarantine.list");
    REQUIRE(entries.size() == 2);
    CHECK(entries[0]["path"] == at("b.jpg").string());
    CHECK(entries[0]["id"] == quarantined_id);
    CHECK(entries[1]["id"].get<std::int64_t>() > quarantined_id + 1);
    for (const Json& entry : entries)
      CHECK(read_file(entry["quarantine_path"].get<std::string>()) == photo(1));
    check_distinct_ones_are_kept();
    check_files_are_known(service);
  }

  void check_distinct_ones_are_kept() {
    for (const std::string& decision : service.decisions())
      CHECK(decision.find("near.jpg") == std::string::npos);
  }

  Service service;
  std::int64_t quarantined_id = 0;
  imgdedup::posix::UniqueDescriptor writer;
  steady_clock::time_point begin;
  std::chrono::duration<double> rebuilt_after{};
};

void check_damage(const char* name, const std::function<void(const fs::path&)>& damage) {
  Household household;
  Service& service = household.service;
  CHECK(service.stop() == 0);
  const std::uintmax_t size = fs::file_size(service.catalog());
  damage(service.catalog());
  const std::string bytes = read_file(service.catalog());
  household.start_rebuilding();
  household.check_is_rebuilding();
  const auto aside = beside_catalog(service.catalog(), ".damaged-");
  // An empty file is no evidence of anything.
  if (!bytes.empty()) {
    REQUIRE(aside.size() >= 1);
    CHECK(read_file(aside[0]) == bytes);
    CHECK(troubles(service, "catalog").at(0).find(aside[0].string()) != std::string::npos);
  }
  // Killed in the middle, it goes on with it.
  service.kill();
  service.start();
  household.wait_for_the_slow_one();
  household.check_is_rebuilding();
  household.finish();
  std::printf("%s: catalog of %ju KiB %s; whole again %.1f s after the start, 5 files\n", name,
              size / 1024, bytes.empty() ? "begun anew" : "set aside",
              household.rebuilt_after.count());
}

}  // namespace

TEST_CASE("d2-corrupt-header: a catalog whose header is gone is set aside and built again") {
  check_damage("d2-corrupt-header", [](const fs::path& path) { flip_bytes(path, 0, 16); });
}

TEST_CASE("d2-corrupt-schema: a catalog whose schema is damaged is set aside and built again") {
  check_damage("d2-corrupt-schema", [](const fs::path& path) {
    const auto place = read_file(path).find("CREATE TABLE files");
    REQUIRE(place != std::string::npos);
    flip_bytes(path, place - 20, 90);
  });
}

TEST_CASE("d2-corrupt-page: a catalog with a damaged page is set aside and built again") {
  check_damage("d2-corrupt-page", [](const fs::path& path) {
    flip_bytes(path, fs::file_size(path) / 2 / 4096 * 4096, 64);
  });
}

TEST_CASE("d2-corrupt-zero: a catalog without a byte is built again") {
  check_damage("d2-corrupt-zero", [](const fs::path& path) { fs::resize_file(path, 0); });
}

TEST_CASE("d2-corrupt-half: half a catalog is set aside and built again") {
  check_damage("d2-corrupt-half",
               [](const fs::path& path) { fs::resize_file(path, fs::file_size(path) / 2); });
}

TEST_CASE("d2-corrupt-text: a text in the place of the catalog is set aside, and it built again") {
  check_damage("d2-corrupt-text", [](const fs::path& path) {
    std::string text;
    for (int i = 0; i < 100; ++i) text += "not a database ";
    write_file(path, text);
  });
}

TEST_CASE("d2-corrupt-bitflip: no single flipped bit in the catalog costs a picture or moves one") {
  constexpr int flips = 12;
  std::mt19937 random(20261121);
  Household household;
  Service& service = household.service;
  service.stop();
  const std::string sound = read_file(service.catalog());
  int noticed = 0;
  for (int i = 0; i < flips; ++i) {
    std::string bytes = sound;
    // Not in the header, whose version number would be taken for that of a newer program.
    std::size_t at = 0;
    while (at < 100 || bytes[at] == 0) at = random() % bytes.size();
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
    INFO("byte ", at);
    write_file(service.catalog(), bytes);
    const auto before = beside_catalog(service.catalog(), ".damaged-").size();
    service.start_unanswered();
    // A row that means nothing ends the service; the next life sets the catalog aside.
    for (int life = 0; life < 3; ++life) {
      try {
        wait_until(
            [&] {
              try {
                return service.call("status")["pending"] == 0 &&
                       troubles(service, "catalog").empty();
              } catch (const imgdedup::protocol::ServiceUnreachable&) {
                if (!service.is_running()) throw;
                return false;
              }
            },
            "the files to be judged");
        service.sync();
        break;
      } catch (const std::exception&) {
        if (service.is_running()) throw;
        service.wait_for_end();
        service.start_unanswered();
      }
    }
    REQUIRE(service.is_running());
    CHECK(read_file(household.at("a.jpg")) == photo(1));
    CHECK(read_file(household.at("back.jpg")) == photo(1));
    CHECK(read_file(household.at("other.jpg")) == photo(2));
    CHECK(read_file(household.at("near.jpg")) == photo(2, 60));
    CHECK(count_files(service.root() / ".imgdedup-quarantine", ".jpg") == 1);
    service.stop();
    noticed += beside_catalog(service.catalog(), ".damaged-").size() > before;
  }
  std::printf("d2-corrupt-bitflip: %d bits flipped one at a time, %d noticed, 0 pictures moved\n",
              flips, noticed);
}

TEST_CASE("d2-corrupt: damage that appears while the service runs ends it, and is found then") {
  Household household;
  Service& service = household.service;
  // The rest of its life it works with what is written here.
  OtherProgram(service.catalog()).run("UPDATE files SET state = 99 WHERE restored = 0");
  write_file(household.at("new.jpg"), photo(1));
  CHECK(service.wait_for_end() == 1);
  CHECK(service.service_log().find("the catalog is damaged") != std::string::npos);
  CHECK(beside_catalog(service.catalog(), ".suspect").size() == 1);
  household.start_rebuilding();
  household.check_is_rebuilding();
  CHECK(beside_catalog(service.catalog(), ".damaged-").size() >= 1);
  CHECK(beside_catalog(service.catalog(), ".suspect").empty());
  household.finish();
}

TEST_CASE("d2-corrupt: the verdicts come from a backup when their own file is damaged as well") {
  Household household(
      Environment{{"IMGDEDUPD_UPKEEP_AFTER_MS", "0"}, {"IMGDEDUPD_CATALOG_LOOK_MS", "100"}});
  Service& service = household.service;
  wait_until([&] { return !beside_catalog(service.catalog(), ".backup-2").empty(); }, "a backup");
  for (const fs::path& backup : beside_catalog(service.catalog(), ".backup-2")) fs::remove(backup);
  wait_until([&] { return !beside_catalog(service.catalog(), ".backup-2").empty(); },
             "a backup of what is known now");
  CHECK(service.stop() == 0);
  write_file(household.verdicts(), "{\"imgdedup_verdicts\":1");
  flip_bytes(service.catalog(), 0, 16);
  household.start_rebuilding();
  household.check_is_rebuilding();
  household.finish();
}

TEST_CASE("d5-unlinked: a catalog that is deleted or replaced under the service ends it at once") {
  const bool is_deleted = true;
  for (const bool deleted : {is_deleted, !is_deleted}) {
    INFO("deleted: ", deleted);
    Household household(Environment{{"IMGDEDUPD_CATALOG_LOOK_MS", "200"}});
    Service& service = household.service;
    const auto begin = steady_clock::now();
    if (deleted) {
      for (const char* ending : {"", "-wal", "-shm"})
        fs::remove(service.catalog().string() + ending);
    } else {
      fs::copy_file(service.catalog(), service.base() / "copy");
      fs::rename(service.base() / "copy", service.catalog());
    }
    CHECK(service.wait_for_end() == 1);
    const std::chrono::duration<double> noticed = steady_clock::now() - begin;
    CHECK(service.service_log().find("was deleted or replaced") != std::string::npos);
    if (deleted) {
      household.start_rebuilding();
      household.check_is_rebuilding();
      household.finish();
      std::printf("d5-unlinked: noticed after %.1f s (looked at every 0.2 s here, 10 s else)\n",
                  noticed.count());
    }
  }
}

TEST_CASE("d5-unlinked: no file is moved by a journal that was deleted") {
  // The next look is an hour away: the move itself asks.
  Household household(Environment{{"IMGDEDUPD_CATALOG_LOOK_MS", "3600000"}});
  Service& service = household.service;
  for (const char* ending : {"", "-wal", "-shm"}) fs::remove(service.catalog().string() + ending);
  write_file(household.at("new.jpg"), photo(1));
  CHECK(service.wait_for_end() == 1);
  CHECK(fs::exists(household.at("new.jpg")));
  CHECK(count_files(service.root() / ".imgdedup-quarantine", ".jpg") == 1);
}
