// SPDX-License-Identifier: Apache-2.0
// The catalog's tables, as numbered migrations: appended, never edited.
#pragma once

#include <string>

namespace imgdedup::store {

class SqliteDatabase;

/// Brings the open database from its user_version to the newest, each step in one transaction.
/// Throws StoreError if it is not a catalog of ours, or newer than this build.
void migrate(SqliteDatabase& database, const std::string& path);

/// user_version after all migrations.
int newest_schema_version();

}  // namespace imgdedup::store
