// SPDX-License-Identifier: Apache-2.0
// The catalog in SQLite: what a new one takes over from one that was lost.
#include <sys/stat.h>

#include "posix/test_hooks.h"
#include "store/catalog_files.h"
#include "store/sqlite_catalog.h"
#include "store/sqlite_rows.h"
#include "store/verdicts.h"

namespace imgdedup::store {
namespace {

constexpr const char* counter_by_name = "SELECT value FROM counters WHERE name = ?1";
constexpr const char* upsert_counter =
    "INSERT INTO counters (name, value) VALUES (?1, ?2) "
    "ON CONFLICT (name) DO UPDATE SET value = ?2";
constexpr const char* restored_pending_files =
    "SELECT " IMGDEDUP_FILE_COLUMNS IMGDEDUP_FILE_TABLES
    "WHERE f.restored <> 0 AND f.state = 0 AND f.content_id IS NULL ORDER BY f.id";
// 0: it is whole. No such row: it has just begun, or was written before there was this row.
constexpr const char* rebuilding_since_seconds = "rebuilding_since_seconds";
constexpr const char* full_check_seconds = "full_check_seconds";

/// Whether there is another file at its path now, or the same with other bytes. One that cannot be
/// looked at may be on a disk that is away.
bool has_changed(const RestoredFile& file) {
  struct stat status {};
  if (::lstat(file.path.c_str(), &status) != 0) return false;
  const auto mtime_ns =
      static_cast<std::int64_t>(static_cast<std::uint64_t>(status.st_mtim.tv_sec) * 1'000'000'000 +
                                static_cast<std::uint64_t>(status.st_mtim.tv_nsec));
  return !S_ISREG(status.st_mode) || status.st_ino != file.stamp.inode ||
         status.st_size != file.stamp.size_bytes || mtime_ns != file.stamp.mtime_ns;
}

}  // namespace

SqliteCatalog::SqliteCatalog(const std::string& path) : database_(path) {
  if (care_counter(rebuilding_since_seconds)) return;
  if (exists(verdicts_path(path)) || !start().set_aside.empty())
    take_over();
  else
    set_care_counter(rebuilding_since_seconds, 0);
}

// All at once: a crash before the commit begins it again.
void SqliteCatalog::take_over() {
  const Verdicts verdicts = saved_verdicts(path()).value_or(Verdicts{});
  auto transaction = database_.begin(Durability::power);
  for (const auto& [low, high] : verdicts.distinct) set_distinct(low, high, true);
  for (const RestoredFile& file : verdicts.restored) {
    if (has_changed(file) || file_at(file.path)) continue;
    set_restored(add_file(file.path, file.stamp, file.hard_links, matching::FileState::pending),
                 true);
  }
  reserve_decision_ids(verdicts.last_decision_id);
  set_care_counter(rebuilding_since_seconds, wall_clock_seconds());
  posix::test_point("verdicts_taken_over");
  transaction->commit();
}

std::optional<std::int64_t> SqliteCatalog::care_counter(const char* name) {
  auto row = prepared(counter_by_name).run(std::string_view(name));
  if (!row.next()) return std::nullopt;
  return row.integer(0);
}

void SqliteCatalog::set_care_counter(const char* name, std::int64_t value) {
  prepared(upsert_counter).execute(std::string_view(name), value);
}

std::optional<std::int64_t> SqliteCatalog::rebuilding_since() {
  const auto since = care_counter(rebuilding_since_seconds);
  return since && *since > 0 ? since : std::nullopt;
}

void SqliteCatalog::put_restored_last() {
  auto transaction = database_.begin(Durability::process);
  std::vector<CatalogFile> files;
  {
    auto row = prepared(restored_pending_files).run();
    files = collect(row, read_file);
  }
  for (const CatalogFile& file : files) {
    remove_file(file.id);
    set_restored(add_file(file.path, file.stamp, file.hard_links, file.state), true);
  }
  transaction->commit();
}

void SqliteCatalog::end_rebuilding() { set_care_counter(rebuilding_since_seconds, 0); }

std::int64_t SqliteCatalog::last_full_check_seconds() {
  return care_counter(full_check_seconds).value_or(0);
}

void SqliteCatalog::set_last_full_check(std::int64_t seconds) {
  set_care_counter(full_check_seconds, seconds);
}

}  // namespace imgdedup::store
