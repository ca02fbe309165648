// SPDX-License-Identifier: Apache-2.0
// Columns of the catalog's tables to values, and values to columns.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/catalog.h"
#include "store/records.h"
#include "store/sqlite_statement.h"
#include "store/store_error.h"

namespace imgdedup::store {

// Each `..._columns` names what the reader below it expects, from column 0 on.

#define IMGDEDUP_FILE_COLUMNS                                                          \
  "f.id, d.path, f.name, f.device, f.inode, f.size_bytes, f.mtime_ns, f.ctime_ns, "    \
  "f.hard_links, f.state, f.role, f.content_id, f.refusal_reason, f.refusal_message, " \
  "f.restored"
#define IMGDEDUP_FILE_TABLES " FROM files AS f JOIN directories AS d ON d.id = f.directory_id "
inline constexpr int file_column_count = 15;
CatalogFile read_file(const SqliteStatement::Run& row);

#define IMGDEDUP_DECISION_COLUMNS                                                         \
  "id, file_id, original_file_id, path, original_path, relation, distance_bits, ssim, "   \
  "inliers, similarity, action, action_limit, content, original_content, decided_at_ns, " \
  "state, supersedes, mirrored, rotation_degrees, scale, overlap"
CatalogDecision read_decision(const SqliteStatement::Run& row);

#define IMGDEDUP_QUARANTINE_COLUMNS                                                   \
  "id, state, original_path, quarantine_directory, name, device, inode, size_bytes, " \
  "mtime_ns, ctime_ns, content, keeper_path, relation, moved_at_ns"
QuarantineEntry read_quarantine_entry(const SqliteStatement::Run& row);

/// The value of `Enum` with this number. Throws MeaninglessRow unless it lies in 0..last.
template <typename Enum>
Enum enumerator(std::int64_t number, Enum last) {
  if (number < 0 || number > static_cast<std::int64_t>(last))
    throw MeaninglessRow("catalog: a row says " + std::to_string(number) +
                         " where that means nothing; the catalog is damaged");
  return static_cast<Enum>(number);
}

/// Throws MeaninglessRow unless `bytes` are 32.
matching::ContentDigest digest_from_bytes(const std::string& bytes);
Blob as_blob(const matching::ContentDigest& digest);

template <typename Enum>
std::int64_t number_of(Enum value) {
  return static_cast<std::int64_t>(value);
}

/// Directory and name of an absolute path. "/a/b" -> "/a", "b"; "/a" -> "/", "a".
std::pair<std::string_view, std::string_view> split_path(std::string_view path);
/// What follows `root` and its slash in a path that is `root` or lies below it. "/a", "/a/b/c" ->
/// "b/c"; "/", "/b" -> "b"; "/a", "/a" -> "".
std::string_view path_below(std::string_view root, std::string_view path);
std::string join_path(std::string_view directory, std::string_view name);

/// Lower (inclusive) and upper (exclusive) bound, in byte order, of all paths at any depth below
/// `directory`; the directory itself lies outside. "" and "/" bound everything.
std::pair<std::string, std::string> bounds_below(std::string_view directory);

template <typename Read>
auto collect(SqliteStatement::Run& row, Read read) {
  std::vector<decltype(read(row))> rows;
  while (row.next()) rows.push_back(read(row));
  return rows;
}

/// The page that ends with its last row if it is full, else at `end`: there looking ended early,
/// or, if that is empty, there was no more to look at.
template <typename Row, typename Place, typename PlaceOf>
Page<Row, Place> page_of(std::vector<Row> rows, std::size_t most_rows, std::optional<Place> end,
                         PlaceOf place_of) {
  if (rows.size() >= most_rows && !rows.empty()) end = place_of(rows.back());
  return {std::move(rows), end};
}

}  // namespace imgdedup::store
