// SPDX-License-Identifier: Apache-2.0
// One prepared statement, owned.
#include "store/sqlite_statement.h"

#include <sqlite3.h>

#include "store/sqlite_error.h"

namespace imgdedup::store {

SqliteStatement::SqliteStatement(sqlite3* database, std::string_view sql)
    : database_(database), sql_(sql) {}

SqliteStatement::~SqliteStatement() { sqlite3_finalize(statement_); }

void SqliteStatement::prepare() {
  if (statement_) return;
  check(sqlite3_prepare_v3(database_, sql_.data(), static_cast<int>(sql_.size()),
                           SQLITE_PREPARE_PERSISTENT, &statement_, nullptr));
}

void SqliteStatement::check(int code) const {
  if (code != SQLITE_OK) throw_sqlite_error(database_, "catalog: ", " in: " + sql_);
}

void SqliteStatement::bind(int index, std::int64_t value) {
  check(sqlite3_bind_int64(statement_, index, value));
}

void SqliteStatement::bind(int index, double value) {
  check(sqlite3_bind_double(statement_, index, value));
}

// The bound bytes outlive the run: they are the caller's arguments of a full expression, except for
// listings, so they are copied.
void SqliteStatement::bind(int index, std::string_view text) {
  check(sqlite3_bind_text64(statement_, index, text.data() ? text.data() : "", text.size(),
                            SQLITE_TRANSIENT, SQLITE_UTF8));
}

void SqliteStatement::bind(int index, Blob blob) {
  const std::string_view bytes = blob.bytes;
  check(sqlite3_bind_blob64(statement_, index, bytes.data() ? bytes.data() : "", bytes.size(),
                            SQLITE_TRANSIENT));
}

void SqliteStatement::bind(int index, std::nullopt_t) {
  check(sqlite3_bind_null(statement_, index));
}

SqliteStatement::Run::~Run() {
  sqlite3_reset(statement_.statement_);
  sqlite3_clear_bindings(statement_.statement_);
}

bool SqliteStatement::Run::next() {
  switch (sqlite3_step(statement_.statement_)) {
    case SQLITE_ROW:
      return true;
    case SQLITE_DONE:
      return false;
    default:
      throw_sqlite_error(statement_.database_, "catalog: ", " in: " + statement_.sql_);
  }
}

bool SqliteStatement::Run::is_null(int column) const {
  return sqlite3_column_type(statement_.statement_, column) == SQLITE_NULL;
}

std::int64_t SqliteStatement::Run::integer(int column) const {
  return sqlite3_column_int64(statement_.statement_, column);
}

double SqliteStatement::Run::real(int column) const {
  return sqlite3_column_double(statement_.statement_, column);
}

std::string SqliteStatement::Run::bytes(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_.statement_, column));
  const int size = sqlite3_column_bytes(statement_.statement_, column);
  return data ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

std::optional<std::int64_t> SqliteStatement::Run::optional_integer(int column) const {
  if (is_null(column)) return std::nullopt;
  return integer(column);
}

std::optional<double> SqliteStatement::Run::optional_real(int column) const {
  if (is_null(column)) return std::nullopt;
  return real(column);
}

}  // namespace imgdedup::store
