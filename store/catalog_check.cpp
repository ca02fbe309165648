// SPDX-License-Identifier: Apache-2.0
// Whether a catalog's file is sound.
#include "store/catalog_check.h"

#include <unistd.h>

#include "posix/test_hooks.h"
#include "store/catalog_files.h"
#include "store/read_connection.h"
#include "store/sqlite_statement.h"
#include "store/store_error.h"

namespace imgdedup::store {
namespace {

constexpr std::string_view row_word = "row ";
constexpr std::string_view file_word = "file ";

}  // namespace

std::string find_damage(sqlite3* database, CheckDepth depth) {
  SqliteStatement check(
      database, depth == CheckDepth::quick ? "PRAGMA quick_check(1)" : "PRAGMA integrity_check(1)");
  auto row = check.run();
  if (!row.next()) return "the check gave no answer";
  std::string answer = row.bytes(0);
  return answer == "ok" ? "" : answer;
}

std::string find_damage_while_running(const std::string& catalog, const std::atomic<bool>& stop) {
  try {
    const ReadConnection connection(catalog, ReadConnection::Of::running, &stop);
    return find_damage(connection.handle(), CheckDepth::full);
  } catch (const CatalogDamaged& error) {
    return error.what();
  } catch (const StoreError&) {
    if (stop) return "";
    throw;
  }
}

void write_suspicion(const std::string& catalog, const Suspicion& suspicion) noexcept {
  try {
    write_whole_file(suspect_path(catalog),
                     std::string(suspicion.is_about_a_row ? row_word : file_word) + suspicion.why);
  } catch (const std::exception&) {
    // The next start looks at every page anyway.
  }
}

std::optional<Suspicion> read_suspicion(const std::string& catalog) {
  const auto text = read_whole_file(suspect_path(catalog));
  if (!text) return std::nullopt;
  if (text->starts_with(row_word)) return Suspicion{true, text->substr(row_word.size())};
  if (text->starts_with(file_word)) return Suspicion{false, text->substr(file_word.size())};
  return Suspicion{false, *text};
}

void clear_suspicion(const std::string& catalog) { (void)::unlink(suspect_path(catalog).c_str()); }

// The file itself goes first: without it a later start has nothing to take for the catalog.
std::string set_catalog_aside(const std::string& catalog) {
  std::int64_t seconds = wall_clock_seconds();
  const auto is_taken = [&] {
    return exists(damaged_path(catalog, seconds)) ||
           exists(damaged_path(catalog, seconds) + "-wal") ||
           exists(damaged_path(catalog, seconds) + "-shm");
  };
  while (is_taken()) ++seconds;
  const std::string aside = damaged_path(catalog, seconds);
  for (const char* ending : {"", "-wal", "-shm"}) {
    if (exists(catalog + ending)) rename_durably(catalog + ending, aside + ending);
    posix::test_point("catalog_set_aside");
  }
  return aside;
}

}  // namespace imgdedup::store
