// SPDX-License-Identifier: Apache-2.0
// The owner's word apart from the catalog, and copies of the catalog.
#include "store/verdicts.h"

#include <doctest/doctest.h>

#include "store/catalog_backends.h"
#include "store/catalog_backup.h"
#include "store/catalog_check.h"
#include "store/catalog_files.h"
#include "store/store_error.h"

using namespace imgdedup;
using namespace imgdedup::testing;
using store::SqliteCatalog;
using store::Verdicts;

namespace {

Verdicts some_verdicts() {
  Verdicts verdicts;
  verdicts.distinct = {{digest(1), digest(2)}, {digest(1), digest(3)}};
  verdicts.restored = {{"/w/odd \xff\n\"name\".jpg", {7, 1234567890123456789U, 5, -6, 8}, 2}};
  verdicts.last_decision_id = 41;
  return verdicts;
}

const std::atomic<bool> goes_on = false;

}  // namespace

TEST_CASE("verdicts come back from their text as they were, whatever the bytes of a path") {
  CHECK(store::parse_verdicts(store::verdicts_text(some_verdicts())) == some_verdicts());
  CHECK(store::parse_verdicts(store::verdicts_text({})) == Verdicts{});
}

TEST_CASE("verdicts that were cut off or tampered with are no verdicts") {
  const std::string text = store::verdicts_text(some_verdicts());
  for (std::size_t size = 0; size < text.size(); ++size)
    CHECK_FALSE(store::parse_verdicts(std::string_view(text).substr(0, size)));
  for (const char* bad : {"[]\n", "{}\n", "null\n", "{\"imgdedup_verdicts\":2}\n",
                          "{\"imgdedup_verdicts\":1,\"last_decision_id\":1.5,\"distinct\":0,"
                          "\"restored\":0}\n",
                          "{\"imgdedup_verdicts\":1,\"last_decision_id\":1,\"distinct\":1,"
                          "\"restored\":0}\n{\"distinct\":[\"00\",\"01\"]}\n"})
    CHECK_FALSE(store::parse_verdicts(bad));
}

TEST_CASE("a catalog that begins anew takes the exported verdicts over and says so") {
  const TemporaryDirectory directory;
  const std::string path = directory / "catalog.sqlite3";
  {
    SqliteCatalog catalog(path);
    CHECK_FALSE(catalog.rebuilding_since());
    catalog.set_distinct(digest(2), digest(1), true);
    catalog.set_restored(catalog.add_file("/not/there", stamp(3), 1, matching::FileState::pending),
                         true);
    catalog.reserve_decision_ids(500);
    store::export_verdicts(path, goes_on);
  }
  std::filesystem::remove(path);
  SqliteCatalog catalog(path);
  CHECK(catalog.rebuilding_since());
  CHECK(catalog.are_distinct(digest(1), digest(2)));
  REQUIRE(catalog.file_at("/not/there"));
  CHECK(catalog.file_at("/not/there")->restored);
  const auto before = catalog.add_file("/w/a", stamp(4), 1, matching::FileState::pending);
  catalog.put_restored_last();
  CHECK(catalog.file_at("/not/there")->id > before);
  CHECK(catalog.file_at("/not/there")->restored);
  CHECK(catalog.pending_files(store::before_all_pending, 9).back().file.path == "/not/there");
  catalog.end_rebuilding();
  CHECK_FALSE(catalog.rebuilding_since());
}

TEST_CASE("what was restored and has changed since is not taken over as restored") {
  const TemporaryDirectory directory;
  const std::string path = directory / "catalog.sqlite3";
  const std::string photo = directory / "photo.jpg";
  write_file(photo, "other bytes");
  {
    SqliteCatalog catalog(path);
    catalog.set_restored(catalog.add_file(photo, stamp(3), 1, matching::FileState::pending), true);
    store::export_verdicts(path, goes_on);
  }
  std::filesystem::remove(path);
  SqliteCatalog catalog(path);
  CHECK_FALSE(catalog.file_at(photo));
}

TEST_CASE("only a change of the owner's word is told") {
  OpenCatalog<SqliteBackend> open;
  auto& catalog = dynamic_cast<SqliteCatalog&>(*open);
  int changes = 0;
  catalog.on_verdict_change([&] { ++changes; });
  const auto file = open.add_judged("/w/a", 1, 1);
  catalog.set_restored(file, false);
  CHECK(changes == 0);
  catalog.set_restored(file, true);
  catalog.set_restored(file, true);
  CHECK(changes == 1);
  catalog.set_restored(file, false);
  catalog.set_distinct(digest(1), digest(2), true);
  CHECK(changes == 3);
}

TEST_CASE("a backup is whole, of one moment, and readable; the newest few are kept") {
  const TemporaryDirectory directory;
  const std::string path = directory / "odd ?name%41#.sqlite3";
  SqliteCatalog catalog(path);
  catalog.set_distinct(digest(1), digest(2), true);
  for (const std::int64_t day : {1, 2, 3, 4})
    CHECK(store::back_up_while_running(path, store::backup_path(path, day * 86400), goes_on));
  CHECK(store::timed_backups(path).size() == 4);
  store::prune_backups(path, 3);
  CHECK(store::timed_backups(path).size() == 3);
  CHECK(store::newest_backup_time(path) == 4 * 86400);
  write_file(store::verdicts_path(path), "damaged");
  const auto verdicts = store::saved_verdicts(path);
  REQUIRE(verdicts);
  CHECK(verdicts->distinct.size() == 1);
  // Reading left nothing beside them.
  CHECK(store::timed_backups(path).size() == 3);
  CHECK(store::find_damage_while_running(path, goes_on).empty());
}

TEST_CASE("a backup that is broken off leaves nothing behind") {
  const TemporaryDirectory directory;
  const std::string path = directory / "catalog.sqlite3";
  const SqliteCatalog catalog(path);
  const std::atomic<bool> stop = true;
  bool is_made = false;
  try {
    is_made = store::back_up_while_running(path, directory / "copy", stop);
  } catch (const store::StoreError&) {
    // Broken off before the first page.
  }
  CHECK_FALSE(is_made);
  CHECK_FALSE(std::filesystem::exists(directory / "copy"));
  CHECK_FALSE(std::filesystem::exists(directory / "copy.new"));
}

TEST_CASE("a commit that must survive the loss of power needs the catalog in its place") {
  OpenCatalog<SqliteBackend> catalog;
  const auto path = catalog.directory / "catalog.sqlite3";
  catalog->make_durable();
  std::filesystem::rename(path, catalog.directory / "elsewhere");
  CHECK_THROWS_AS(catalog->make_durable(), store::StoreError);
  CHECK_THROWS_AS(catalog->begin_move({}), store::StoreError);
  std::filesystem::copy_file(catalog.directory / "elsewhere", path);
  CHECK_THROWS_AS(catalog->make_durable(), store::StoreError);
}
