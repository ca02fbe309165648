// SPDX-License-Identifier: Apache-2.0
// One connection to the catalog's file: opened with its pragmas, locked for one service, migrated.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "posix/unique_descriptor.h"
#include "store/catalog.h"
#include "store/catalog_check.h"
#include "store/files_in_place.h"

struct sqlite3;

namespace imgdedup::store {

/// How the catalog's file was found when it was opened.
struct CatalogStart {
  bool was_unclean = false;  ///< the last run did not close it
  std::string damage;        ///< what was wrong with it; "" when nothing was
  std::string set_aside;     ///< where the damaged one lies now; "" when there was none
};

/// Owns the connection. Not thread safe.
class SqliteDatabase {
 public:
  /// Opens or creates the file, takes the lock `PATH.lock` for the life of the object, checks every
  /// page, sets the pragmas (WAL) and brings the schema up to date, after a backup. A damaged
  /// catalog is set aside, and an empty one begun. Throws StoreError: not to be opened; held by
  /// another instance; not a catalog; newer than this build. Throws CatalogUnavailable.
  explicit SqliteDatabase(const std::string& path);
  ~SqliteDatabase();
  SqliteDatabase(const SqliteDatabase&) = delete;
  SqliteDatabase& operator=(const SqliteDatabase&) = delete;

  [[nodiscard]] sqlite3* handle() const { return handle_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const CatalogStart& start() const { return start_; }
  /// Throws StoreError when what is written would go into a file that was deleted or replaced.
  /// begin() with Durability::power asks as well.
  void require_in_place() const;
  /// Runs statements that give no rows.
  void execute(const char* sql);
  [[nodiscard]] std::int64_t integer_pragma(const char* name);

  [[nodiscard]] std::unique_ptr<Transaction> begin(Durability durability);
  [[nodiscard]] bool is_in_transaction() const;

 private:
  void open(const std::string& path);
  void close();
  void open_sound_file();
  [[nodiscard]] std::string damage_of_file(CheckDepth depth);
  void back_up_before_migration();
  void configure();

  std::string path_;
  posix::UniqueDescriptor lock_;
  sqlite3* handle_ = nullptr;
  CatalogStart start_;
  std::optional<FilesInPlace> files_;
};

}  // namespace imgdedup::store
