// SPDX-License-Identifier: Apache-2.0
// The catalog's tables, as numbered migrations: appended, never edited.
#pragma once

#include <string>

namespace imgdedup::store {

class SqliteDatabase;

/// Only reads. Throws StoreError if the open database is neither empty nor a catalog of ours, or is
/// newer than this build.
void require_catalog(SqliteDatabase& database, const std::string& path);

/// Whether the open database carries the mark of a catalog, whatever its version. Throws
/// StoreError.
bool says_it_is_catalog(SqliteDatabase& database);

/// Brings the catalog from its user_version to the newest, each step in one transaction. Throws
/// StoreError.
void migrate(SqliteDatabase& database);

/// user_version after all migrations.
int newest_schema_version();

}  // namespace imgdedup::store
