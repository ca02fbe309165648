// SPDX-License-Identifier: Apache-2.0
// One connection to the catalog's file: opened with its pragmas, locked for one service, migrated.
#pragma once

#include <string>
#include <string_view>

#include "posix/unique_descriptor.h"
#include "store/catalog.h"

struct sqlite3;

namespace imgdedup::store {

/// Owns the connection. Not thread safe.
class SqliteDatabase {
 public:
  /// Opens or creates the file, takes the lock `PATH.lock` for the life of the object, sets the
  /// pragmas (WAL) and brings the schema up to date. Throws StoreError: not to be opened; held by
  /// another instance; not a catalog; newer than this build.
  explicit SqliteDatabase(const std::string& path);
  ~SqliteDatabase();
  SqliteDatabase(const SqliteDatabase&) = delete;
  SqliteDatabase& operator=(const SqliteDatabase&) = delete;

  [[nodiscard]] sqlite3* handle() const { return handle_; }
  /// Runs statements that give no rows.
  void execute(const char* sql);
  [[nodiscard]] std::int64_t integer_pragma(const char* name);

  [[nodiscard]] std::unique_ptr<Transaction> begin(Durability durability);
  [[nodiscard]] bool is_in_transaction() const;

 private:
  void open(const std::string& path);
  void configure();

  std::string path_;
  posix::UniqueDescriptor lock_;
  sqlite3* handle_ = nullptr;
};

}  // namespace imgdedup::store
