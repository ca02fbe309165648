// SPDX-License-Identifier: Apache-2.0
// What SQLite's result codes mean for the catalog.
#include "store/sqlite_error.h"

#include <sqlite3.h>

#include "store/store_error.h"

namespace imgdedup::store {

void throw_sqlite_error(sqlite3* database, const std::string& before, const std::string& after) {
  const int code = sqlite3_extended_errcode(database);
  const std::string message = before + sqlite3_errmsg(database) + after;
  // Where the file was moved away, waiting does not help.
  if (code == SQLITE_READONLY_DBMOVED) throw StoreError(message);
  switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      throw CatalogDamaged(message);
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_READONLY:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_CANTOPEN:
    case SQLITE_PROTOCOL:
      throw CatalogUnavailable(message);
    default:
      throw StoreError(message);
  }
}

}  // namespace imgdedup::store
