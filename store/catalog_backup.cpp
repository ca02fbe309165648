// SPDX-License-Identifier: Apache-2.0
// Copies of the catalog.
#include "store/catalog_backup.h"

#include <sqlite3.h>
#include <unistd.h>

#include "posix/test_hooks.h"
#include "store/catalog_check.h"
#include "store/catalog_files.h"
#include "store/read_connection.h"
#include "store/sqlite_error.h"
#include "store/sqlite_statement.h"
#include "store/store_error.h"

namespace imgdedup::store {
namespace {

constexpr int pages_a_step = 256;

/// The file that is written, and removed unless it is kept.
class UnfinishedCopy {
 public:
  explicit UnfinishedCopy(const std::string& target) : path_(target + ".new") {
    (void)::unlink(path_.c_str());
    if (sqlite3_open_v2(
            path_.c_str(), &handle_,
            SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW,
            nullptr) != SQLITE_OK) {
      const std::string why = handle_ ? sqlite3_errmsg(handle_) : "out of memory";
      close();
      throw CatalogUnavailable("cannot write " + path_ + ": " + why);
    }
    // It is synced as a whole, and thrown away when it is not whole.
    sqlite3_exec(handle_, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF", nullptr, nullptr,
                 nullptr);
  }
  ~UnfinishedCopy() {
    close();
    if (!is_kept_) (void)::unlink(path_.c_str());
  }
  UnfinishedCopy(const UnfinishedCopy&) = delete;
  UnfinishedCopy& operator=(const UnfinishedCopy&) = delete;

  [[nodiscard]] sqlite3* handle() const { return handle_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  void close() {
    sqlite3_close(handle_);
    handle_ = nullptr;
  }
  void keep_as(const std::string& target) {
    rename_durably(path_, target);
    is_kept_ = true;
  }

 private:
  std::string path_;
  sqlite3* handle_ = nullptr;
  bool is_kept_ = false;
};

bool copy_pages(sqlite3* source, UnfinishedCopy& copy, const std::atomic<bool>* stop) {
  sqlite3_backup* backup = sqlite3_backup_init(copy.handle(), "main", source, "main");
  if (!backup) throw_sqlite_error(copy.handle(), "cannot write " + copy.path() + ": ", "");
  int code = SQLITE_OK;
  bool is_stopped = stop && *stop;
  while (code == SQLITE_OK && !is_stopped) {
    code = sqlite3_backup_step(backup, pages_a_step);
    posix::test_point("backup_step");
    is_stopped = stop && *stop;
  }
  const int end = sqlite3_backup_finish(backup);
  if (code == SQLITE_DONE) return true;
  if (is_stopped) return false;
  if (end != SQLITE_OK) throw_sqlite_error(copy.handle(), "cannot write " + copy.path() + ": ", "");
  throw CatalogUnavailable("cannot copy the catalog to " + copy.path() + ": " +
                           sqlite3_errstr(code));
}

}  // namespace

bool copy_database(sqlite3* source, const std::string& target, const std::atomic<bool>* stop) {
  UnfinishedCopy copy(target);
  if (!copy_pages(source, copy, stop)) return false;
  copy.close();
  {
    const ReadConnection look(copy.path(), ReadConnection::Of::copy);
    if (const std::string damage = find_damage(look.handle(), CheckDepth::quick); !damage.empty())
      throw CatalogDamaged("the copy of the catalog " + copy.path() + " is not sound: " + damage);
  }
  sync_file(copy.path());
  copy.keep_as(target);
  return true;
}

bool back_up_while_running(const std::string& catalog, const std::string& target,
                           const std::atomic<bool>& stop) {
  const ReadConnection connection(catalog, ReadConnection::Of::running, &stop);
  // A transaction that has read keeps its moment's state: the copy does not begin again with every
  // commit.
  SqliteStatement(connection.handle(), "BEGIN").execute();
  SqliteStatement(connection.handle(), "SELECT COUNT(*) FROM sqlite_schema").execute();
  return copy_database(connection.handle(), target, &stop);
}

}  // namespace imgdedup::store
