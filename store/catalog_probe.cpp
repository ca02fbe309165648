// SPDX-License-Identifier: Apache-2.0
// Whether a catalog that could not be written can be written again.
#include "store/catalog_probe.h"

#include <sqlite3.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "store/catalog_files.h"
#include "store/sqlite_error.h"
#include "store/store_error.h"

namespace imgdedup::store {
namespace {

// So much must be free that the next life does not end at once; less on a small disk.
constexpr std::uint64_t most_room_bytes = std::uint64_t{8} << 20;
constexpr std::uint64_t least_room_bytes = std::uint64_t{64} << 10;
constexpr std::uint64_t part_of_disk = 16;

void require_room(const std::string& catalog) {
  struct statvfs disk {};
  const std::string directory = std::filesystem::path(catalog).parent_path();
  std::uint64_t size = most_room_bytes;
  if (::statvfs(directory.c_str(), &disk) == 0)
    size = std::clamp(std::uint64_t{disk.f_blocks} * disk.f_frsize / part_of_disk, least_room_bytes,
                      most_room_bytes);
  const std::string probe = catalog + ".probe";
  write_whole_file(probe, std::string(size, 'x'));
  (void)::unlink(probe.c_str());
}

void require_write(const std::string& catalog) {
  sqlite3* handle = nullptr;
  try {
    if (sqlite3_open_v2(catalog.c_str(), &handle,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW,
                        nullptr) != SQLITE_OK ||
        // The -wal that is left tells the next start that the last one did not end in order.
        sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr) != SQLITE_OK ||
        sqlite3_exec(handle,
                     "PRAGMA synchronous=FULL; BEGIN IMMEDIATE; "
                     "UPDATE counters SET value = value + 1 WHERE name = 'durability'; COMMIT",
                     nullptr, nullptr, nullptr) != SQLITE_OK)
      throw_sqlite_error(handle, "the catalog " + catalog + ": ", "");
    sqlite3_close(handle);
  } catch (...) {
    sqlite3_close(handle);
    throw;
  }
}

}  // namespace

std::string why_catalog_is_unavailable(const std::string& catalog) {
  try {
    require_room(catalog);
    if (file_size(catalog) > 0) require_write(catalog);
    return "";
  } catch (const CatalogUnavailable& error) {
    return error.what();
  } catch (const std::system_error& error) {
    return error.what();
  } catch (const StoreError&) {
    return "";
  }
}

}  // namespace imgdedup::store
