// SPDX-License-Identifier: Apache-2.0
// The catalog in SQLite: contents, figures, roots, transactions.
#include <algorithm>

#include "store/sqlite_catalog.h"
#include "store/sqlite_rows.h"
#include "store/store_error.h"

namespace imgdedup::store {
namespace {

constexpr const char* content_by_id =
    "SELECT id, digest, size_bytes, format, width_pixels, height_pixels, ahash, dhash, phash, "
    "whash, reduced_picture_digest, detail, fingerprint_version, features_version, "
    "embedding_model "
    "FROM contents WHERE id = ?1";
constexpr const char* content_by_digest = "SELECT id FROM contents WHERE digest = ?1";
constexpr const char* content_by_size = "SELECT 1 FROM contents WHERE size_bytes = ?1 LIMIT 1";
constexpr const char* insert_content_row =
    "INSERT INTO contents (digest, size_bytes, format, width_pixels, height_pixels, ahash, dhash, "
    "phash, whash, reduced_picture_digest, detail, fingerprint_version) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) RETURNING id";
constexpr const char* update_content_by_id =
    "UPDATE contents SET size_bytes = ?2, format = ?3, width_pixels = ?4, height_pixels = ?5, "
    "ahash = ?6, dhash = ?7, phash = ?8, whash = ?9, reduced_picture_digest = ?10, detail = ?11, "
    "fingerprint_version = ?12 WHERE id = ?1";
constexpr const char* contents_by_reduced_picture =
    "SELECT id FROM contents WHERE reduced_picture_digest = ?1 AND width_pixels = ?2 "
    "AND height_pixels = ?3 AND fingerprint_version = ?4 ORDER BY id LIMIT ?5";
constexpr const char* delete_content_if_unused =
    "DELETE FROM contents WHERE id = ?1 AND "
    "NOT EXISTS (SELECT 1 FROM files WHERE content_id = ?1)";
constexpr const char* originals_by_content =
    "SELECT " IMGDEDUP_FILE_COLUMNS IMGDEDUP_FILE_TABLES
    "WHERE f.content_id = ?1 AND f.state = 1 AND f.role = 1 ORDER BY f.id";
constexpr const char* judged_by_content = "SELECT " IMGDEDUP_FILE_COLUMNS IMGDEDUP_FILE_TABLES
                                          "WHERE f.content_id = ?1 AND f.state = 1 ORDER BY f.id";
constexpr const char* judged_by_digest =
    "SELECT 1 FROM files JOIN contents AS c ON c.id = content_id "
    "WHERE c.digest = ?1 AND state = 1 LIMIT 1";
constexpr const char* index_page =
    "SELECT c.id, c.ahash, c.dhash, c.phash, c.whash FROM contents AS c WHERE c.id > ?1 AND "
    "c.fingerprint_version = ?3 AND EXISTS (SELECT 1 FROM files AS f WHERE f.content_id = c.id AND "
    "f.state = 1 AND f.role = 1) "
    "ORDER BY c.id LIMIT ?2";
constexpr const char* all_file_counts =
    "SELECT state, SUM(files), SUM(size_bytes) FROM file_counts GROUP BY state";
constexpr const char* file_counts_by_subtree =
    "SELECT c.state, SUM(c.files), SUM(c.size_bytes) FROM directories AS d "
    "JOIN file_counts AS c ON c.directory_id = d.id "
    "WHERE d.path = ?1 OR (d.path >= ?2 AND d.path < ?3) GROUP BY c.state";
constexpr const char* content_count = "SELECT value FROM counters WHERE name = 'contents'";
constexpr const char* poison_count =
    "SELECT COUNT(*) FROM files WHERE refusal_reason IS NOT NULL "
    "AND refusal_reason IN (?1, ?2, ?3)";
constexpr const char* distinct_pair = "SELECT 1 FROM distinct_pairs WHERE low = ?1 AND high = ?2";
constexpr const char* insert_distinct_pair =
    "INSERT OR IGNORE INTO distinct_pairs (low, high) VALUES (?1, ?2)";
constexpr const char* delete_distinct_pair =
    "DELETE FROM distinct_pairs WHERE low = ?1 AND high = ?2";
constexpr const char* root_by_path = "SELECT filesystem_id, inode FROM roots WHERE path = ?1";
constexpr const char* upsert_root =
    "INSERT INTO roots (path, filesystem_id, inode) VALUES (?1, ?2, ?3) "
    "ON CONFLICT (path) DO UPDATE SET filesystem_id = ?2, inode = ?3";
constexpr const char* count_durability =
    "UPDATE counters SET value = value + 1 WHERE name = 'durability'";

matching::PerceptualHash read_hash(const SqliteStatement::Run& row, int column) {
  return {row.bits(column)};
}

}  // namespace

std::unique_ptr<Transaction> SqliteCatalog::begin(Durability durability) {
  return database_.begin(durability);
}

// In WAL mode with synchronous=FULL a commit syncs the whole log, all earlier commits included.
void SqliteCatalog::make_durable() {
  auto transaction = database_.begin(Durability::power);
  prepared(count_durability).execute();
  transaction->commit();
}

std::optional<CatalogContent> SqliteCatalog::content(ContentId id) {
  auto row = prepared(content_by_id).run(id);
  if (!row.next()) return std::nullopt;
  CatalogContent content;
  content.id = row.integer(0);
  matching::Fingerprint& fingerprint = content.fingerprint;
  fingerprint.content_digest = digest_from_bytes(row.bytes(1));
  fingerprint.size_bytes = row.bits(2);
  fingerprint.format = enumerator(row.integer(3), matching::last_image_format);
  fingerprint.width_pixels = static_cast<std::uint32_t>(row.integer(4));
  fingerprint.height_pixels = static_cast<std::uint32_t>(row.integer(5));
  fingerprint.hashes = {read_hash(row, 6), read_hash(row, 7), read_hash(row, 8), read_hash(row, 9)};
  fingerprint.reduced_picture_digest = row.bits(10);
  fingerprint.detail = static_cast<float>(row.real(11));
  content.fingerprint_version = static_cast<int>(row.integer(12));
  content.has_features = row.integer(13) == row.integer(12);
  content.has_embedding = embedding_model_ != 0 && row.integer(14) == embedding_model_;
  return content;
}

std::optional<ContentId> SqliteCatalog::content_with_digest(const matching::ContentDigest& digest) {
  auto row = prepared(content_by_digest).run(as_blob(digest));
  if (!row.next()) return std::nullopt;
  return row.integer(0);
}

bool SqliteCatalog::has_content_of_size(std::uint64_t size_bytes) {
  return prepared(content_by_size).run(size_bytes).next();
}

ContentId SqliteCatalog::insert_content(const matching::Fingerprint& fingerprint) {
  auto row = prepared(insert_content_row)
                 .run(as_blob(fingerprint.content_digest), fingerprint.size_bytes,
                      number_of(fingerprint.format), std::int64_t{fingerprint.width_pixels},
                      std::int64_t{fingerprint.height_pixels}, fingerprint.hashes.ahash.bits,
                      fingerprint.hashes.dhash.bits, fingerprint.hashes.phash.bits,
                      fingerprint.hashes.whash.bits, fingerprint.reduced_picture_digest,
                      static_cast<double>(fingerprint.detail), matching::fingerprint_version);
  row.next();
  const ContentId id = row.integer(0);
  row.next();
  return id;
}

void SqliteCatalog::update_content(ContentId id, const matching::Fingerprint& fingerprint) {
  prepared(update_content_by_id)
      .execute(id, fingerprint.size_bytes, number_of(fingerprint.format),
               std::int64_t{fingerprint.width_pixels}, std::int64_t{fingerprint.height_pixels},
               fingerprint.hashes.ahash.bits, fingerprint.hashes.dhash.bits,
               fingerprint.hashes.phash.bits, fingerprint.hashes.whash.bits,
               fingerprint.reduced_picture_digest, static_cast<double>(fingerprint.detail),
               matching::fingerprint_version);
}

std::vector<ContentId> SqliteCatalog::contents_with_reduced_picture(
    const matching::Fingerprint& fingerprint, std::size_t limit) {
  auto row =
      prepared(contents_by_reduced_picture)
          .run(fingerprint.reduced_picture_digest, std::int64_t{fingerprint.width_pixels},
               std::int64_t{fingerprint.height_pixels}, matching::fingerprint_version, limit);
  return collect(row, [](const SqliteStatement::Run& columns) { return columns.integer(0); });
}

void SqliteCatalog::remove_content_if_unused(std::optional<ContentId> id) {
  if (id) prepared(delete_content_if_unused).execute(*id);
}

std::vector<CatalogFile> SqliteCatalog::originals_with_content(ContentId id) {
  auto row = prepared(originals_by_content).run(id);
  return collect(row, read_file);
}

std::vector<CatalogFile> SqliteCatalog::files_with_content(ContentId id) {
  auto row = prepared(judged_by_content).run(id);
  return collect(row, read_file);
}

bool SqliteCatalog::has_judged_file(const matching::ContentDigest& digest) {
  return prepared(judged_by_digest).run(as_blob(digest)).next();
}

std::vector<IndexEntry> SqliteCatalog::index_entries(matching::HashKind kind, ContentId after,
                                                     std::size_t limit) {
  auto row = prepared(index_page).run(after, limit, matching::fingerprint_version);
  const int column = 1 + static_cast<int>(kind);
  return collect(row, [column](const SqliteStatement::Run& columns) {
    return IndexEntry{columns.integer(0), read_hash(columns, column)};
  });
}

FileCounts SqliteCatalog::count_files(std::string_view directory) {
  const auto read = [](SqliteStatement::Run row) {
    FileCounts counts;
    while (row.next()) {
      const auto state = static_cast<std::size_t>(row.integer(0));
      if (state >= counts.by_state.size()) continue;
      counts.by_state[state] = row.bits(1);
      if (state == static_cast<std::size_t>(matching::FileState::judged))
        counts.judged_bytes = row.bits(2);
    }
    return counts;
  };
  if (directory.empty() || directory == "/") return read(prepared(all_file_counts).run());
  const auto [lower, upper] = bounds_below(directory);
  return read(prepared(file_counts_by_subtree).run(Blob{directory}, Blob{lower}, Blob{upper}));
}

std::uint64_t SqliteCatalog::count_contents() {
  auto row = prepared(content_count).run();
  return row.next() ? row.bits(0) : 0;
}

std::uint64_t SqliteCatalog::count_poison() {
  using matching::RefusalReason;
  auto row = prepared(poison_count)
                 .run(number_of(RefusalReason::timed_out), number_of(RefusalReason::crashed),
                      number_of(RefusalReason::out_of_memory));
  return row.next() ? row.bits(0) : 0;
}

void SqliteCatalog::set_distinct(const matching::ContentDigest& a, const matching::ContentDigest& b,
                                 bool distinct) {
  const auto& [low, high] = std::minmax(a, b);
  prepared(distinct ? insert_distinct_pair : delete_distinct_pair)
      .execute(as_blob(low), as_blob(high));
  on_verdict_change_();
}

bool SqliteCatalog::are_distinct(const matching::ContentDigest& a,
                                 const matching::ContentDigest& b) {
  const auto& [low, high] = std::minmax(a, b);
  return prepared(distinct_pair).run(as_blob(low), as_blob(high)).next();
}

std::optional<RootIdentity> SqliteCatalog::root_identity(std::string_view path) {
  auto row = prepared(root_by_path).run(Blob{path});
  if (!row.next()) return std::nullopt;
  return RootIdentity{row.bits(0), row.bits(1)};
}

void SqliteCatalog::set_root_identity(std::string_view path, const RootIdentity& identity) {
  prepared(upsert_root).execute(Blob{path}, identity.filesystem_id, identity.inode);
}

}  // namespace imgdedup::store
