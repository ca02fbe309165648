// SPDX-License-Identifier: Apache-2.0
// One connection to the catalog's file.
#include "store/sqlite_database.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "store/catalog_backup.h"
#include "store/catalog_files.h"
#include "store/sqlite_error.h"
#include "store/sqlite_schema.h"
#include "store/sqlite_statement.h"
#include "store/store_error.h"

namespace imgdedup::store {
namespace {

// The service waits as long; who holds the catalog for longer is waited for elsewhere.
constexpr int busy_timeout_ms = 500;

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
  if (!lock) {
    const int error = errno;
    const std::string message =
        "cannot open the catalog's lock " + lock_path + ": " + std::strerror(error);
    if (error == EROFS || error == ENOSPC || error == EDQUOT || error == EIO)
      throw CatalogUnavailable(message);
    throw StoreError(message + "; the service's user needs write access to its directory");
  }
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0)
    throw StoreError("the catalog " + path +
                     " is in use by another instance of imgdedupd; stop that one first, or give "
                     "this one a catalog of its own");
  return lock;
}

}  // namespace

SqliteDatabase::SqliteDatabase(const std::string& path) : path_(path), lock_(lock_file(path)) {
  try {
    start_.was_unclean = file_size(path + "-wal") > 0;
    open_sound_file();
    require_catalog(*this, path_);
    configure();
    back_up_before_migration();
    migrate(*this);
    files_.emplace(path_);
  } catch (...) {
    close();
    throw;
  }
}

SqliteDatabase::~SqliteDatabase() { close(); }

void SqliteDatabase::close() {
  sqlite3_close(handle_);
  handle_ = nullptr;
}

void SqliteDatabase::open_sound_file() {
  const auto suspicion = read_suspicion(path_);
  if (!exists(path_) && exists(path_ + "-wal")) {
    // SQLite would throw away what a catalog left behind that is gone.
    start_.set_aside = set_catalog_aside(path_);
    start_.damage = "only its -wal was there";
  } else if (suspicion && suspicion->is_about_a_row && exists(path_)) {
    start_.damage = suspicion->why;
  } else {
    open(path_);
    start_.damage = damage_of_file(suspicion ? CheckDepth::full : CheckDepth::quick);
  }
  if (!start_.damage.empty() && start_.set_aside.empty()) {
    // What closing would do to it is not wanted in the file that is set aside.
    if (handle_) sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    close();
    try {
      start_.set_aside = set_catalog_aside(path_);
    } catch (const std::system_error& error) {
      throw CatalogUnavailable("the catalog " + path_ + " is damaged (" + start_.damage +
                               ") and cannot be set aside: " + error.what());
    }
  }
  if (!handle_) open(path_);
  clear_suspicion(path_);
}

// A file that never was a catalog is left alone, whatever it is.
std::string SqliteDatabase::damage_of_file(CheckDepth depth) {
  const bool was_catalog = exists(verdicts_path(path_));
  try {
    const bool is_empty = integer_pragma("schema_version") == 0;
    const bool is_ours = says_it_is_catalog(*this);
    if (is_empty || (!is_ours && !was_catalog)) return "";
    if (const std::string damage = find_damage(handle_, depth); !damage.empty()) return damage;
    return is_ours ? "" : "it no longer says that it is a catalog";
  } catch (const CatalogDamaged& error) {
    if (was_catalog) return error.what();
    throw StoreError("cannot use " + path_ + " as the catalog: " + error.what() +
                     "; name another file in the setting `catalog`, or move this one away if it "
                     "was a catalog");
  }
}

void SqliteDatabase::back_up_before_migration() {
  const std::int64_t version = integer_pragma("user_version");
  if (version == 0 || version == newest_schema_version()) return;
  try {
    copy_database(handle_, version_backup_path(path_, version));
  } catch (const std::system_error& error) {
    throw CatalogUnavailable("cannot back the catalog " + path_ +
                             " up before it is changed to a newer version: " + error.what());
  }
}

void SqliteDatabase::require_in_place() const {
  if (!files_) return;
  if (const std::string path = files_->first_not_in_place(); !path.empty())
    throw StoreError("the catalog's file " + path +
                     " was deleted or replaced while the service used it; the service ends and "
                     "begins anew with what lies there. Stop it before touching these files");
}

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
    throw_sqlite_error(handle_, "catalog " + path_ + ": ", std::string(" in: ") + sql);
}

std::int64_t SqliteDatabase::integer_pragma(const char* name) {
  SqliteStatement statement(handle_, std::string("PRAGMA ") + name);
  auto row = statement.run();
  return row.next() ? row.integer(0) : 0;
}

bool SqliteDatabase::is_in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }

std::unique_ptr<Transaction> SqliteDatabase::begin(Durability durability) {
  if (durability == Durability::power) require_in_place();
  return std::make_unique<SqliteTransaction>(*this, durability);
}

}  // namespace imgdedup::store
