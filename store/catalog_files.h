// SPDX-License-Identifier: Apache-2.0
// The files that lie beside the catalog, by their names; written whole or not at all.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace imgdedup::store {

/// All of it any thread; `catalog` is the path of the catalog itself.
///
///   CATALOG-wal, CATALOG-shm           SQLite's own
///   CATALOG.lock                       held while a service runs
///   CATALOG.verdicts                   the owner's word, see verdicts.h
///   CATALOG.suspect                    the last run found damage; why
///   CATALOG.backup-20260102T030405     copies, the newest few
///   CATALOG.backup-version-2           the copy made before the schema of version 2 was changed
///   CATALOG.damaged-20260102T030405    set aside, with its -wal and -shm; never deleted
std::string verdicts_path(const std::string& catalog);
std::string suspect_path(const std::string& catalog);
std::string backup_path(const std::string& catalog, std::int64_t seconds);
std::string version_backup_path(const std::string& catalog, std::int64_t version);
std::string damaged_path(const std::string& catalog, std::int64_t seconds);

/// Seconds since 1970 as "20260102T030405", UTC.
std::string time_suffix(std::int64_t seconds);
/// Now, in seconds since 1970.
std::int64_t wall_clock_seconds();

/// Copies whose name tells a time, oldest first. Empty when the directory cannot be read.
std::vector<std::string> timed_backups(const std::string& catalog);
/// When the newest of them was made, by its name.
std::optional<std::int64_t> newest_backup_time(const std::string& catalog);
/// The catalog that was set aside last; empty when none was.
std::optional<std::string> newest_damaged(const std::string& catalog);
/// Deletes the oldest until `keep` are left, and what a crash left half written.
void prune_backups(const std::string& catalog, std::size_t keep);

[[nodiscard]] bool exists(const std::string& path);
/// 0 when there is none.
[[nodiscard]] std::uint64_t file_size(const std::string& path);
/// All bytes of a regular file of at most 1 GiB; empty when it is not there or cannot be read.
[[nodiscard]] std::optional<std::string> read_whole_file(const std::string& path);
/// `path` has the new bytes or the old ones, whatever happens: written beside it, synced, renamed.
/// Mode 0600. Throws std::system_error naming the file.
void write_whole_file(const std::string& path, std::string_view bytes);
/// Syncs the file. Throws std::system_error.
void sync_file(const std::string& path);
/// Syncs the directory that holds `path`. Throws std::system_error.
void sync_directory_of(const std::string& path);
/// Renames, and syncs the directory. Throws std::system_error.
void rename_durably(const std::string& from, const std::string& to);

}  // namespace imgdedup::store
