// SPDX-License-Identifier: Apache-2.0
// What SQLite's result codes mean for the catalog.
#pragma once

#include <string>

struct sqlite3;

namespace imgdedup::store {

/// Throws CatalogDamaged, CatalogUnavailable or StoreError, by the last result code of `database`;
/// the message is `before`, SQLite's own, `after`.
[[noreturn]] void throw_sqlite_error(sqlite3* database, const std::string& before,
                                     const std::string& after);

}  // namespace imgdedup::store
