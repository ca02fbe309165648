// SPDX-License-Identifier: Apache-2.0
// Catalogs of every older version, killed at every step of becoming one of today.
#include <doctest/doctest.h>
#include <signal.h>

#include <cstdio>

#include "faults/catalog_support.h"

using namespace imgdedup::testing;
namespace fs = std::filesystem;

namespace {

std::int64_t version_of(const fs::path& catalog) {
  return OtherProgram(catalog).integer("PRAGMA user_version");
}

/// What every version has tables for.
constexpr const char* some_rows =
    "INSERT INTO distinct_pairs (low, high) VALUES (zeroblob(32), randomblob(32));"
    "INSERT INTO decisions (id, file_id, original_file_id, path, original_path, relation, action, "
    "action_limit, content, original_content, decided_at_ns, state) VALUES (77, 1, 2, x'2f61', "
    "x'2f62', 0, 0, 0, zeroblob(32), zeroblob(32), 5, 5);"
    "INSERT INTO roots (path, filesystem_id, inode) VALUES (x'2f63', 1, 2);"
    "INSERT INTO contents (digest, size_bytes, format, width_pixels, height_pixels, ahash, dhash, "
    "phash, whash, reduced_picture_digest, detail, fingerprint_version) VALUES "
    "(randomblob(32), 3, 1, 4, 5, 6, 7, 8, 9, 10, 50.0, 0);";

void check_rows(const fs::path& catalog) {
  OtherProgram look(catalog);
  CHECK(look.integer("SELECT COUNT(*) FROM distinct_pairs") == 1);
  CHECK(look.integer("SELECT COUNT(*) FROM decisions WHERE id = 77") == 1);
  CHECK(look.integer("SELECT COUNT(*) FROM roots WHERE path = x'2f63'") == 1);
  CHECK(look.integer("SELECT COUNT(*) FROM contents WHERE size_bytes = 3 AND phash = 8") == 1);
  CHECK(look.text("PRAGMA integrity_check") == "ok");
}

/// What newer versions add to rows of old: nothing was measured by a network, and each catalog has
/// hyperplanes of its own; no file was judged while an original was away.
void check_what_is_new(const fs::path& catalog) {
  OtherProgram look(catalog);
  CHECK(look.integer("SELECT COUNT(*) FROM contents WHERE embedding_model <> 0") == 0);
  CHECK(look.integer("SELECT COUNT(*) FROM decisions WHERE embedding_model <> 0") == 0);
  CHECK(look.integer("SELECT COUNT(*) FROM embeddings") == 0);
  CHECK(look.integer("SELECT COUNT(*) FROM embedding_models") == 0);
  CHECK(look.integer("SELECT value FROM counters WHERE name = 'embedding_seed'") != 0);
  CHECK(look.integer("SELECT COUNT(*) FROM files WHERE judged_without_offline <> 0") == 0);
}

/// Runs the service until it kills itself at `point`.
void run_into(Service& service, const char* point) {
  service.start_unanswered({{"IMGDEDUPD_CRASH_AT", point}});
  CHECK(service.wait_for_end() == 128 + SIGKILL);
}

}  // namespace

TEST_CASE("d3-migrate: every older catalog becomes one of today, wherever a kill strikes") {
  std::int64_t newest = 0;
  {
    Service service;
    service.start();
    service.stop();
    newest = version_of(service.catalog());
  }
  REQUIRE(newest >= 2);
  int kills = 0;
  for (std::int64_t old = 1; old < newest; ++old) {
    for (const char* point : {"", "backup_step", "migration_step", "migration_committed"}) {
      INFO("from version ", old, " killed at ", std::string(point));
      Service service;
      // A new catalog passes through every version that there was.
      for (std::int64_t version = 1; version <= old; ++version) {
        run_into(service, "migration_committed");
        REQUIRE(version_of(service.catalog()) == version);
      }
      for (const fs::path& backup : beside_catalog(service.catalog(), ".backup-version-"))
        fs::remove(backup);
      OtherProgram(service.catalog()).run(some_rows);
      if (*point) {
        run_into(service, point);
        ++kills;
        CHECK(version_of(service.catalog()) ==
              old + (std::string(point) == "migration_committed" ? 1 : 0));
        check_rows(service.catalog());
      }
      service.start();
      write_file(service.root() / "a.jpg", photo(1));
      service.sync();
      check_files_are_known(service);
      CHECK(service.stop() == 0);
      CHECK(version_of(service.catalog()) == newest);
      check_rows(service.catalog());
      check_what_is_new(service.catalog());
      const fs::path backup = service.catalog().string() + ".backup-version-" + std::to_string(old);
      REQUIRE(fs::exists(backup));
      CHECK(version_of(backup) == old);
      check_rows(backup);
      CHECK(beside_catalog(service.catalog(), ".damaged-").empty());
    }
  }
  std::printf("d3-migrate: from versions 1 to %d, %d kills, every row kept, a backup each\n",
              static_cast<int>(newest - 1), kills);
}

TEST_CASE(
    "d3-migrate: killed while a damaged catalog is set aside or taken over, it begins again") {
  for (const char* point :
       {"catalog_set_aside", "migration_step", "migration_committed", "verdicts_taken_over"}) {
    INFO("at ", std::string(point));
    Service service("actions: {exact: quarantine}\n");
    service.start();
    write_file(service.root() / "a.jpg", photo(2));
    service.sync();
    write_file(service.root() / "b.jpg", photo(2, 60));
    service.sync();
    service.call("distinct", {{"first", (service.root() / "a.jpg").string()},
                              {"second", (service.root() / "b.jpg").string()}});
    service.sync();
    CHECK(service.stop() == 0);
    flip_bytes(service.catalog(), 0, 16);
    const std::string damaged = read_file(service.catalog());
    run_into(service, point);
    service.start();
    wait_until([&] { return troubles(service, "catalog").empty(); }, "the catalog to be whole");
    service.sync();
    CHECK(service.decisions().empty());
    CHECK(service.service_log().find("is being built from the folders") != std::string::npos);
    const auto aside = beside_catalog(service.catalog(), ".damaged-");
    REQUIRE(aside.size() >= 1);
    CHECK(read_file(aside[0]) == damaged);
  }
}
