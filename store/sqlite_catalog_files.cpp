// SPDX-License-Identifier: Apache-2.0
// The catalog in SQLite: files, and their queue.
#include <limits>

#include "store/sqlite_catalog.h"
#include "store/sqlite_rows.h"
#include "store/store_error.h"

namespace imgdedup::store {
namespace {

constexpr const char* file_by_id =
    "SELECT " IMGDEDUP_FILE_COLUMNS IMGDEDUP_FILE_TABLES "WHERE f.id = ?1";
constexpr const char* file_by_path =
    "SELECT " IMGDEDUP_FILE_COLUMNS IMGDEDUP_FILE_TABLES "WHERE d.path = ?1 AND f.name = ?2";
constexpr const char* files_by_directory =
    "SELECT " IMGDEDUP_FILE_COLUMNS IMGDEDUP_FILE_TABLES
    "WHERE d.path = ?1 AND f.name > ?2 ORDER BY f.name LIMIT ?3";
constexpr const char* all_files =
    "SELECT " IMGDEDUP_FILE_COLUMNS IMGDEDUP_FILE_TABLES "WHERE f.id > ?1 ORDER BY f.id LIMIT ?2";
// By the ids of files: by directories, a large one would be sorted for each page.
constexpr const char* files_by_subtree =
    "SELECT " IMGDEDUP_FILE_COLUMNS IMGDEDUP_FILE_TABLES
    "WHERE f.id > ?1 AND f.id <= ?6 AND (+d.path = ?2 OR (+d.path >= ?3 AND +d.path < ?4)) "
    "ORDER BY f.id LIMIT ?5";
constexpr const char* file_after =
    "SELECT id FROM files WHERE id > ?1 ORDER BY id LIMIT 1 OFFSET ?2";
constexpr const char* directories_by_subtree =
    "SELECT path FROM directories WHERE path = ?1 OR (path >= ?2 AND path < ?3) ORDER BY path";
constexpr const char* files_by_inode = "SELECT " IMGDEDUP_FILE_COLUMNS IMGDEDUP_FILE_TABLES
                                       "WHERE f.inode = ?1 AND f.device = ?2 ORDER BY f.id";
// In the order of the index, so that the first row that fits ends it.
constexpr const char* own_row_by_inode =
    "SELECT " IMGDEDUP_FILE_COLUMNS IMGDEDUP_FILE_TABLES
    "WHERE f.inode = ?1 AND f.device = ?2 AND f.state <> 2 AND f.id <> ?3 ORDER BY f.id LIMIT 1";
constexpr const char* alias_by_inode =
    "SELECT " IMGDEDUP_FILE_COLUMNS IMGDEDUP_FILE_TABLES
    "WHERE f.inode = ?1 AND f.device = ?2 AND f.state = 2 AND f.id <> ?3 ORDER BY f.id LIMIT 1";
constexpr const char* files_by_refusal_reason =
    "SELECT " IMGDEDUP_FILE_COLUMNS IMGDEDUP_FILE_TABLES
    "WHERE f.refusal_reason = ?1 AND f.id > ?2 ORDER BY f.id LIMIT ?3";
constexpr const char* files_by_refusal =
    "SELECT " IMGDEDUP_FILE_COLUMNS IMGDEDUP_FILE_TABLES
    "WHERE f.refusal_reason IS NOT NULL AND f.state IN (3, 4, 5) AND f.id > ?1 AND f.id <= ?3 "
    "ORDER BY f.id LIMIT ?2";
constexpr const char* refusal_after =
    "SELECT id FROM files WHERE refusal_reason IS NOT NULL AND id > ?1 ORDER BY id LIMIT 1 "
    "OFFSET ?2";
constexpr const char* files_without_offline =
    "SELECT " IMGDEDUP_FILE_COLUMNS IMGDEDUP_FILE_TABLES
    "WHERE f.judged_without_offline <> 0 AND f.id > ?1 ORDER BY f.id LIMIT ?2";
constexpr const char* update_without_offline =
    "UPDATE files SET judged_without_offline = ?2 WHERE id = ?1 AND judged_without_offline <> ?2";
constexpr const char* files_by_pending_sequence =
    "SELECT " IMGDEDUP_FILE_COLUMNS ", f.pending_sequence" IMGDEDUP_FILE_TABLES
    "WHERE f.pending_sequence > ?1 ORDER BY f.pending_sequence LIMIT ?2";
constexpr const char* insert_file =
    "INSERT INTO files (directory_id, name, device, inode, size_bytes, mtime_ns, ctime_ns, "
    "hard_links, state, pending_sequence) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) "
    "RETURNING id";
constexpr const char* update_pending =
    "UPDATE files SET device = ?2, inode = ?3, size_bytes = ?4, mtime_ns = ?5, ctime_ns = ?6, "
    "hard_links = ?7, state = 0, pending_sequence = COALESCE(pending_sequence, ?8), "
    "refusal_reason = NULL, refusal_message = NULL WHERE id = ?1";
constexpr const char* update_sequence =
    "UPDATE files SET pending_sequence = ?2 WHERE id = ?1 AND pending_sequence IS NOT NULL "
    "RETURNING id";
constexpr const char* update_stamp =
    "UPDATE files SET device = ?2, inode = ?3, size_bytes = ?4, mtime_ns = ?5, ctime_ns = ?6, "
    "hard_links = ?7 WHERE id = ?1";
constexpr const char* update_path = "UPDATE files SET directory_id = ?2, name = ?3 WHERE id = ?1";
constexpr const char* update_decision_path =
    "UPDATE decisions SET path = ?2 WHERE file_id = ?1 AND state = 0";
constexpr const char* update_decision_original_path =
    "UPDATE decisions SET original_path = ?2 WHERE original_file_id = ?1 AND state <= 1";
constexpr const char* update_judged =
    "UPDATE files SET state = 1, content_id = ?2, role = ?3, pending_sequence = NULL, "
    "refusal_reason = NULL, refusal_message = NULL WHERE id = ?1";
constexpr const char* update_refused =
    "UPDATE files SET state = ?2, refusal_reason = ?3, refusal_message = ?4, "
    "content_id = CASE WHEN restored <> 0 THEN content_id END, role = 0, pending_sequence = NULL "
    "WHERE id = ?1";
constexpr const char* update_alias =
    "UPDATE files SET state = 2, refusal_reason = NULL, refusal_message = NULL, "
    "content_id = NULL, role = 0, restored = 0, pending_sequence = NULL WHERE id = ?1";
constexpr const char* update_restored =
    "UPDATE files SET restored = ?2 WHERE id = ?1 AND restored <> ?2 RETURNING id";
constexpr const char* update_file_id =
    "UPDATE files SET id = (SELECT seq + 1 FROM sqlite_sequence WHERE name = 'files') "
    "WHERE id = ?1 RETURNING id";
constexpr const char* update_decision_file_id =
    "UPDATE decisions SET file_id = ?2 WHERE file_id = ?1";
constexpr const char* update_file_id_sequence =
    "UPDATE sqlite_sequence SET seq = ?1 WHERE name = 'files'";
constexpr const char* delete_file = "DELETE FROM files WHERE id = ?1";
constexpr const char* place_of_file = "SELECT directory_id, content_id FROM files WHERE id = ?1";
constexpr const char* directory_by_path = "SELECT id FROM directories WHERE path = ?1";
constexpr const char* insert_directory = "INSERT INTO directories (path) VALUES (?1) RETURNING id";
constexpr const char* delete_directory_if_empty =
    "DELETE FROM directories WHERE id = ?1 AND "
    "NOT EXISTS (SELECT 1 FROM files WHERE directory_id = ?1)";
constexpr const char* count_up =
    "UPDATE counters SET value = value + 1 WHERE name = 'pending_sequence' RETURNING value";
constexpr const char* count_down =
    "UPDATE counters SET value = value - 1 WHERE name = 'pending_sequence_first' RETURNING value";
constexpr const char* counter_value = "SELECT value FROM counters WHERE name = 'pending_sequence'";
constexpr const char* pending_count = "SELECT COUNT(*) FROM files WHERE pending_sequence <= ?1";

constexpr FileId last_file_id = std::numeric_limits<FileId>::max();

FileId id_of(const CatalogFile& file) { return file.id; }

/// The last of the rows that a page looks at; empty if it may look at all there are.
std::optional<FileId> end_of_look(SqliteStatement& nth_after, FileId after, const PageSize& size) {
  if (!size.is_bounded()) return std::nullopt;
  auto row = nth_after.run(after, size.rows_looked_at - 1);
  if (!row.next()) return std::nullopt;
  return row.integer(0);
}

}  // namespace

std::unique_ptr<Transaction> SqliteCatalog::begin_own() {
  return database_.is_in_transaction() ? nullptr : database_.begin(Durability::process);
}

SqliteStatement& SqliteCatalog::prepared(const char* sql) {
  auto& statement = prepared_[sql];
  if (!statement) statement = std::make_unique<SqliteStatement>(database_.handle(), sql);
  return *statement;
}

std::optional<CatalogFile> SqliteCatalog::file(FileId id) {
  auto row = prepared(file_by_id).run(id);
  if (!row.next()) return std::nullopt;
  return read_file(row);
}

std::optional<CatalogFile> SqliteCatalog::file_at(std::string_view path) {
  const auto [directory, name] = split_path(path);
  auto row = prepared(file_by_path).run(Blob{directory}, Blob{name});
  if (!row.next()) return std::nullopt;
  return read_file(row);
}

std::vector<CatalogFile> SqliteCatalog::files_in_directory(std::string_view directory,
                                                           std::string_view after_name,
                                                           std::size_t limit) {
  auto row = prepared(files_by_directory).run(Blob{directory}, Blob{after_name}, limit);
  return collect(row, read_file);
}

FilePage SqliteCatalog::files_below(std::string_view directory, FileId after,
                                    const PageSize& size) {
  if (directory.empty() || directory == "/") {
    auto row = prepared(all_files).run(after, size.rows);
    return page_of(collect(row, read_file), size.rows, std::optional<FileId>(), id_of);
  }
  const std::optional<FileId> end = end_of_look(prepared(file_after), after, size);
  const auto [lower, upper] = bounds_below(directory);
  auto row = prepared(files_by_subtree)
                 .run(after, Blob{directory}, Blob{lower}, Blob{upper}, size.rows,
                      end.value_or(last_file_id));
  return page_of(collect(row, read_file), size.rows, end, id_of);
}

std::vector<std::string> SqliteCatalog::directories_below(std::string_view directory) {
  const auto [lower, upper] = bounds_below(directory);
  auto row = prepared(directories_by_subtree).run(Blob{directory}, Blob{lower}, Blob{upper});
  return collect(row, [](const SqliteStatement::Run& columns) { return columns.bytes(0); });
}

std::vector<CatalogFile> SqliteCatalog::files_with_inode(std::uint64_t device,
                                                         std::uint64_t inode) {
  auto row = prepared(files_by_inode).run(inode, device);
  return collect(row, read_file);
}

std::optional<CatalogFile> SqliteCatalog::one_with_inode(std::uint64_t device, std::uint64_t inode,
                                                         InodeRow which, FileId except) {
  auto row = prepared(which == InodeRow::own ? own_row_by_inode : alias_by_inode)
                 .run(inode, device, except);
  if (!row.next()) return std::nullopt;
  return read_file(row);
}

std::vector<CatalogFile> SqliteCatalog::files_refused_for(matching::RefusalReason reason,
                                                          FileId after, std::size_t limit) {
  auto row = prepared(files_by_refusal_reason).run(number_of(reason), after, limit);
  return collect(row, read_file);
}

FilePage SqliteCatalog::refused_files(FileId after, const PageSize& size) {
  const std::optional<FileId> end = end_of_look(prepared(refusal_after), after, size);
  auto row = prepared(files_by_refusal).run(after, size.rows, end.value_or(last_file_id));
  return page_of(collect(row, read_file), size.rows, end, id_of);
}

SqliteCatalog::Place SqliteCatalog::place_of(FileId id) {
  auto row = prepared(place_of_file).run(id);
  if (!row.next()) throw StoreError("catalog: there is no file with id " + std::to_string(id));
  return {row.integer(0), row.optional_integer(1)};
}

std::int64_t SqliteCatalog::directory_id(std::string_view directory) {
  {
    auto row = prepared(directory_by_path).run(Blob{directory});
    if (row.next()) return row.integer(0);
  }
  auto row = prepared(insert_directory).run(Blob{directory});
  row.next();
  const std::int64_t id = row.integer(0);
  row.next();
  return id;
}

std::int64_t SqliteCatalog::next_pending_sequence(QueuePlace place) {
  auto row = prepared(place == QueuePlace::last ? count_up : count_down).run();
  row.next();
  const std::int64_t sequence = row.integer(0);
  row.next();
  return sequence;
}

FileId SqliteCatalog::add_file(std::string_view path, const matching::FileStamp& stamp,
                               std::uint64_t hard_links, matching::FileState state) {
  const auto own = begin_own();
  const auto [directory, name] = split_path(path);
  std::optional<std::int64_t> sequence;
  if (state == matching::FileState::pending) sequence = next_pending_sequence(QueuePlace::last);
  auto row =
      prepared(insert_file)
          .run(directory_id(directory), Blob{name}, stamp.device, stamp.inode, stamp.size_bytes,
               stamp.mtime_ns, stamp.ctime_ns, hard_links, number_of(state), sequence);
  row.next();
  const FileId id = row.integer(0);
  row.next();
  if (own) own->commit();
  return id;
}

void SqliteCatalog::mark_pending(FileId id, const matching::FileStamp& stamp,
                                 std::uint64_t hard_links, QueuePlace place) {
  const auto own = begin_own();
  prepared(update_pending)
      .execute(id, stamp.device, stamp.inode, stamp.size_bytes, stamp.mtime_ns, stamp.ctime_ns,
               hard_links, next_pending_sequence(place));
  if (own) own->commit();
}

void SqliteCatalog::set_stamp(FileId id, const matching::FileStamp& stamp,
                              std::uint64_t hard_links) {
  prepared(update_stamp)
      .execute(id, stamp.device, stamp.inode, stamp.size_bytes, stamp.mtime_ns, stamp.ctime_ns,
               hard_links);
}

void SqliteCatalog::move_file(FileId id, std::string_view path) {
  const auto own = begin_own();
  const auto [directory, name] = split_path(path);
  const std::int64_t old_directory = place_of(id).directory_id;
  prepared(update_path).execute(id, directory_id(directory), Blob{name});
  prepared(update_decision_path).execute(id, Blob{path});
  prepared(update_decision_original_path).execute(id, Blob{path});
  remove_directory_if_empty(old_directory);
  if (own) own->commit();
}

void SqliteCatalog::exchange_paths(FileId a, FileId b) {
  const auto own = begin_own();
  const auto file_a = file(a);
  const auto file_b = file(b);
  if (!file_a || !file_b)
    throw StoreError("catalog: there is no file with id " + std::to_string(file_a ? b : a));
  // A name that no file can have, for as long as the other one's is taken.
  prepared(update_path).execute(a, place_of(a).directory_id, Blob{"/"});
  move_file(b, file_a->path);
  move_file(a, file_b->path);
  if (own) own->commit();
}

void SqliteCatalog::set_judged(FileId id, ContentId content, FileRole role) {
  const auto own = begin_own();
  const std::optional<ContentId> old_content = place_of(id).content_id;
  prepared(update_judged).execute(id, content, number_of(role));
  if (old_content != content) remove_content_if_unused(old_content);
  if (own) own->commit();
}

void SqliteCatalog::set_refused(FileId id, matching::FileState state,
                                const matching::Refusal& refusal) {
  const auto own = begin_own();
  const std::optional<ContentId> old_content = place_of(id).content_id;
  prepared(update_refused)
      .execute(id, number_of(state), number_of(refusal.reason), std::string_view(refusal.message));
  remove_content_if_unused(old_content);
  if (own) own->commit();
}

void SqliteCatalog::set_alias(FileId id) {
  const auto own = begin_own();
  const std::optional<ContentId> old_content = place_of(id).content_id;
  prepared(update_alias).execute(id);
  remove_content_if_unused(old_content);
  if (own) own->commit();
}

void SqliteCatalog::set_restored(FileId id, bool restored) {
  auto row = prepared(update_restored).run(id, restored ? 1 : 0);
  if (!row.next()) return;
  row.next();
  on_verdict_change_();
}

void SqliteCatalog::set_judged_without_offline(FileId id, bool is_so) {
  prepared(update_without_offline).execute(id, is_so ? 1 : 0);
}

std::vector<CatalogFile> SqliteCatalog::files_judged_without_offline(FileId after,
                                                                     std::size_t limit) {
  auto row = prepared(files_without_offline).run(after, limit);
  return collect(row, read_file);
}

FileId SqliteCatalog::renew_file(FileId id) {
  const auto own = begin_own();
  FileId new_id = 0;
  {
    auto row = prepared(update_file_id).run(id);
    if (!row.next()) throw StoreError("catalog: there is no file with id " + std::to_string(id));
    new_id = row.integer(0);
    row.next();
  }
  prepared(update_file_id_sequence).execute(new_id);
  prepared(update_decision_file_id).execute(id, new_id);
  if (own) own->commit();
  return new_id;
}

void SqliteCatalog::remove_file(FileId id) {
  const auto own = begin_own();
  const Place place = place_of(id);
  prepared(delete_file).execute(id);
  remove_content_if_unused(place.content_id);
  remove_directory_if_empty(place.directory_id);
  if (own) own->commit();
}

void SqliteCatalog::remove_directory_if_empty(std::int64_t directory_id) {
  prepared(delete_directory_if_empty).execute(directory_id);
}

std::vector<Catalog::PendingFile> SqliteCatalog::pending_files(std::int64_t after_sequence,
                                                               std::size_t limit) {
  auto row = prepared(files_by_pending_sequence).run(after_sequence, limit);
  return collect(row, [](const SqliteStatement::Run& columns) {
    return PendingFile{columns.integer(file_column_count), read_file(columns)};
  });
}

std::optional<std::int64_t> SqliteCatalog::put_last(FileId id) {
  const auto own = begin_own();
  const std::int64_t sequence = next_pending_sequence(QueuePlace::last);
  auto row = prepared(update_sequence).run(id, sequence);
  const bool is_waiting = row.next();
  if (is_waiting) row.next();
  if (own) own->commit();
  return is_waiting ? std::optional(sequence) : std::nullopt;
}

std::int64_t SqliteCatalog::last_pending_sequence() {
  auto row = prepared(counter_value).run();
  return row.next() ? row.integer(0) : 0;
}

std::uint64_t SqliteCatalog::pending_up_to(std::int64_t sequence) {
  auto row = prepared(pending_count).run(sequence);
  return row.next() ? row.bits(0) : 0;
}

}  // namespace imgdedup::store
