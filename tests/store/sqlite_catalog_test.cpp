// SPDX-License-Identifier: Apache-2.0
// The catalog's file: its lock, its schema, damage, writes that fail in the middle.
#include <doctest/doctest.h>
#include <sqlite3.h>

#include <stdexcept>

#include "store/catalog_backends.h"
#include "store/sqlite_schema.h"
#include "store/store_error.h"

using namespace imgdedup;
using namespace imgdedup::testing;
using matching::FileState;
using store::FileRole;
using store::SqliteCatalog;

namespace {

void run_sql(const std::filesystem::path& path, const std::string& sql) {
  sqlite3* database = nullptr;
  const bool done = sqlite3_open(path.c_str(), &database) == SQLITE_OK &&
                    sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK;
  const std::string message = sqlite3_errmsg(database);
  sqlite3_close(database);
  if (!done) throw std::runtime_error(message + " in: " + sql);
}

std::string refusal_of(const std::filesystem::path& path) {
  try {
    const SqliteCatalog catalog(path);
  } catch (const store::StoreError& error) {
    return error.what();
  }
  return "";
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a second instance on the same catalog is told so") {
  const TemporaryDirectory directory;
  const auto path = directory / "catalog.sqlite3";
  {
    const SqliteCatalog first(path);
    const std::string refusal = refusal_of(path);
    CHECK(has(refusal, path.string()));
    CHECK(has(refusal, "another instance"));
  }
  CHECK(refusal_of(path).empty());
}

TEST_CASE("a catalog of a newer version is refused and stays as it is") {
  const TemporaryDirectory directory;
  const auto path = directory / "catalog.sqlite3";
  { const SqliteCatalog catalog(path); }
  const int newer = store::newest_schema_version() + 1;
  run_sql(path, "PRAGMA user_version=" + std::to_string(newer));
  const std::string bytes = read_file(path);
  const std::string refusal = refusal_of(path);
  CHECK(has(refusal, "version " + std::to_string(newer)));
  CHECK(has(refusal, path.string()));
  CHECK(read_file(path) == bytes);
}

TEST_CASE("a database of another program is refused and stays as it is") {
  const TemporaryDirectory directory;
  const auto path = directory / "catalog.sqlite3";
  run_sql(path, "CREATE TABLE t (x); INSERT INTO t VALUES (1);");
  const std::string bytes = read_file(path);
  CHECK(has(refusal_of(path), "another program"));
  CHECK(read_file(path) == bytes);
}

TEST_CASE("what is no database is refused and stays as it is") {
  const TemporaryDirectory directory;
  const auto path = directory / "catalog.sqlite3";
  const std::string photo = "\xff\xd8" + std::string(5000, 'x');
  write_file(path, photo);
  CHECK(has(refusal_of(path), path.string()));
  CHECK(read_file(path) == photo);
  CHECK(has(refusal_of(directory / "missing/catalog.sqlite3"), "missing/catalog.sqlite3"));
  std::filesystem::create_symlink(directory / "elsewhere", directory / "link");
  CHECK(has(refusal_of(directory / "link"), "link"));
  CHECK_FALSE(std::filesystem::exists(directory / "elsewhere"));
}

TEST_CASE("a change outside a transaction happens whole or not at all") {
  OpenCatalog<SqliteBackend> catalog;
  const auto path = catalog.directory / "catalog.sqlite3";
  const auto a = catalog.add_judged("/w/a", 1, 1);
  const auto other = catalog->add_content(fingerprint(2));
  const auto content = catalog->file(a)->content_id;
  const auto fail_at = [&](const std::string& event) {
    run_sql(path, "CREATE TRIGGER fail BEFORE " + event + " BEGIN SELECT RAISE(ABORT, 'no'); END");
  };
  SUBCASE("set_judged") {
    fail_at("DELETE ON contents");
    CHECK_THROWS_AS(catalog->set_judged(a, other, FileRole::original), store::StoreError);
  }
  SUBCASE("set_refused") {
    fail_at("DELETE ON contents");
    CHECK_THROWS_AS(catalog->set_refused(a, FileState::unreadable, {}), store::StoreError);
  }
  SUBCASE("set_alias") {
    fail_at("DELETE ON contents");
    CHECK_THROWS_AS(catalog->set_alias(a), store::StoreError);
  }
  SUBCASE("remove_file") {
    fail_at("DELETE ON directories");
    CHECK_THROWS_AS(catalog->remove_file(a), store::StoreError);
  }
  SUBCASE("move_file") {
    fail_at("DELETE ON directories");
    CHECK_THROWS_AS(catalog->move_file(a, "/x/a"), store::StoreError);
  }
  SUBCASE("add_file") {
    fail_at("INSERT ON files");
    CHECK_THROWS_AS((void)catalog->add_file("/x/a", stamp(2), 1, FileState::pending),
                    store::StoreError);
  }
  SUBCASE("mark_pending") {
    fail_at("UPDATE ON files");
    CHECK_THROWS_AS(catalog->mark_pending(a, stamp(2), 1, store::QueuePlace::last),
                    store::StoreError);
  }
  run_sql(path, "DROP TRIGGER fail");
  CHECK(catalog->file(a)->content_id == content);
  CHECK(catalog->file(a)->state == FileState::judged);
  CHECK(catalog->file(a)->path == "/w/a");
  CHECK(catalog->directories_below("") == std::vector<std::string>{"/w"});
  CHECK(catalog->last_pending_sequence() == 1);
}

TEST_CASE("a number that means nothing in the catalog is reported as damage") {
  OpenCatalog<SqliteBackend> catalog;
  const auto path = catalog.directory / "catalog.sqlite3";
  const auto a = catalog.add_judged("/w/a", 1, 1);
  const auto b = catalog.add_judged("/w/b", 2, 1, FileRole::duplicate);
  const auto decision = catalog.decide(b, a);
  for (const char* damage : {"UPDATE files SET state = 99", "UPDATE files SET role = -1",
                             "UPDATE files SET state = 1, role = 1, refusal_reason = 300"}) {
    run_sql(path, damage);
    CHECK_THROWS_AS((void)catalog->file(a), store::StoreError);
  }
  for (const char* damage :
       {"UPDATE decisions SET relation = 4", "UPDATE decisions SET relation = 0, action = 9",
        "UPDATE decisions SET action = 0, action_limit = -7",
        "UPDATE decisions SET action_limit = 0, state = 6",
        "UPDATE decisions SET state = 0, content = x'00'"}) {
    run_sql(path, damage);
    CHECK_THROWS_AS((void)catalog->decision(decision), store::StoreError);
  }
  run_sql(path, "UPDATE contents SET format = 40");
  CHECK_THROWS_AS((void)catalog->content(1), store::StoreError);
}
