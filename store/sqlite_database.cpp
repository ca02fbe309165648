// SPDX-License-Identifier: Apache-2.0
// One connection to the catalog's file.
#include "store/sqlite_database.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>

#include <cerrno>
#include <cstring>

#include "store/sqlite_schema.h"
#include "store/sqlite_statement.h"
#include "store/store_error.h"

namespace imgdedup::store {
namespace {

constexpr int busy_timeout_ms = 2000;

class SqliteTransaction : public Transaction {
 public:
  SqliteTransaction(SqliteDatabase& database, Durability durability)
      : database_(database), durability_(durability) {
    if (durability_ == Durability::power) database_.execute("PRAGMA synchronous=FULL");
    try {
      // IMMEDIATE: a deferred transaction that reads first cannot wait for another writer.
      database_.execute("BEGIN IMMEDIATE");
    } catch (...) {
      restore_synchronous();
      throw;
    }
  }

  ~SqliteTransaction() override {
    if (!open_) return;
    sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
    restore_synchronous();
  }

  void commit() override {
    database_.execute("COMMIT");
    open_ = false;
    restore_synchronous();
  }

 private:
  void restore_synchronous() noexcept {
    if (durability_ == Durability::power)
      sqlite3_exec(database_.handle(), "PRAGMA synchronous=NORMAL", nullptr, nullptr, nullptr);
  }

  SqliteDatabase& database_;
  Durability durability_;
  bool open_ = true;
};

posix::UniqueDescriptor lock_file(const std::string& path) {
  const std::string lock_path = path + ".lock";
  posix::UniqueDescriptor lock(
      ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock)
    throw StoreError("cannot open the catalog's lock " + lock_path + ": " + std::strerror(errno) +
                     "; the service's user needs write access to its directory");
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0)
    throw StoreError("the catalog " + path +
                     " is in use by another instance of imgdedupd; stop that one first, or give "
                     "this one a catalog of its own");
  return lock;
}

}  // namespace

SqliteDatabase::SqliteDatabase(const std::string& path) : path_(path), lock_(lock_file(path)) {
  try {
    open(path);
    require_catalog(*this, path_);
    configure();
    migrate(*this);
  } catch (...) {
    sqlite3_close(handle_);
    throw;
  }
}

SqliteDatabase::~SqliteDatabase() { sqlite3_close(handle_); }

void SqliteDatabase::open(const std::string& path) {
  const int code = sqlite3_open_v2(
      path.c_str(), &handle_,
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW,
      nullptr);
  if (code != SQLITE_OK)
    throw StoreError("cannot open the catalog " + path + ": " +
                     (handle_ ? sqlite3_errmsg(handle_) : "out of memory"));
  sqlite3_extended_result_codes(handle_, 1);
  sqlite3_busy_timeout(handle_, busy_timeout_ms);
}

void SqliteDatabase::configure() {
  execute("PRAGMA journal_mode=WAL");
  execute("PRAGMA synchronous=NORMAL");
  execute("PRAGMA foreign_keys=ON");
  execute("PRAGMA trusted_schema=OFF");
  execute("PRAGMA cell_size_check=ON");
  execute("PRAGMA cache_size=-8192");
  execute("PRAGMA journal_size_limit=67108864");
  // A checkpoint syncs, and the service waits for it: after 16 MiB of changes, not after 4.
  execute("PRAGMA wal_autocheckpoint=4096");
}

void SqliteDatabase::execute(const char* sql) {
  if (sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) != SQLITE_OK)
    throw StoreError("catalog " + path_ + ": " + sqlite3_errmsg(handle_) + " in: " + sql);
}

std::int64_t SqliteDatabase::integer_pragma(const char* name) try {
  SqliteStatement statement(handle_, std::string("PRAGMA ") + name);
  auto row = statement.run();
  return row.next() ? row.integer(0) : 0;
} catch (const StoreError& error) {
  throw StoreError(path_ + ": " + error.what());
}

bool SqliteDatabase::is_in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }

std::unique_ptr<Transaction> SqliteDatabase::begin(Durability durability) {
  return std::make_unique<SqliteTransaction>(*this, durability);
}

}  // namespace imgdedup::store
