// SPDX-License-Identifier: Apache-2.0
// The files that lie beside the catalog.
#include "store/catalog_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <system_error>

#include "posix/unique_descriptor.h"

namespace imgdedup::store {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view backup_infix = ".backup-";
constexpr std::string_view damaged_infix = ".damaged-";
constexpr std::string_view unfinished = ".new";
constexpr std::size_t time_length = sizeof "20260102T030405" - 1;
constexpr std::uint64_t max_whole_file_bytes = std::uint64_t{1} << 30;

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

std::optional<std::int64_t> time_from_suffix(const std::string& text) {
  std::tm time{};
  char end = 0;
  if (text.size() != time_length ||
      std::sscanf(text.c_str(), "%4d%2d%2dT%2d%2d%2d%c", &time.tm_year, &time.tm_mon, &time.tm_mday,
                  &time.tm_hour, &time.tm_min, &time.tm_sec, &end) != 6)
    return std::nullopt;
  time.tm_year -= 1900;
  time.tm_mon -= 1;
  return ::timegm(&time);
}

fs::path directory_of(const std::string& path) {
  const fs::path parent = fs::path(path).parent_path();
  return parent.empty() ? fs::path(".") : parent;
}

std::vector<std::string> beside(const std::string& catalog, std::string_view infix) {
  std::vector<std::string> paths;
  const std::string prefix = fs::path(catalog).filename().string() + std::string(infix);
  std::error_code error;
  fs::directory_iterator entry(directory_of(catalog), error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error))
    if (entry->path().filename().string().starts_with(prefix))
      paths.push_back(catalog + std::string(infix) +
                      entry->path().filename().string().substr(prefix.size()));
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace

std::string verdicts_path(const std::string& catalog) { return catalog + ".verdicts"; }
std::string suspect_path(const std::string& catalog) { return catalog + ".suspect"; }

std::string backup_path(const std::string& catalog, std::int64_t seconds) {
  return catalog + std::string(backup_infix) + time_suffix(seconds);
}

std::string version_backup_path(const std::string& catalog, std::int64_t version) {
  return catalog + std::string(backup_infix) + "version-" + std::to_string(version);
}

std::string damaged_path(const std::string& catalog, std::int64_t seconds) {
  return catalog + std::string(damaged_infix) + time_suffix(seconds);
}

std::string time_suffix(std::int64_t seconds) {
  const std::time_t time = seconds;
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  char text[32];
  (void)std::strftime(text, sizeof text, "%Y%m%dT%H%M%S", &parts);
  return text;
}

std::int64_t wall_clock_seconds() { return ::time(nullptr); }

std::vector<std::string> timed_backups(const std::string& catalog) {
  std::vector<std::string> paths = beside(catalog, backup_infix);
  const std::size_t prefix = catalog.size() + backup_infix.size();
  std::erase_if(paths,
                [&](const std::string& path) { return !time_from_suffix(path.substr(prefix)); });
  return paths;
}

std::optional<std::int64_t> newest_backup_time(const std::string& catalog) {
  const auto backups = timed_backups(catalog);
  if (backups.empty()) return std::nullopt;
  return time_from_suffix(backups.back().substr(catalog.size() + backup_infix.size()));
}

std::optional<std::string> newest_damaged(const std::string& catalog) {
  auto paths = beside(catalog, damaged_infix);
  std::erase_if(paths, [&](const std::string& path) {
    return !time_from_suffix(path.substr(catalog.size() + damaged_infix.size()));
  });
  if (paths.empty()) return std::nullopt;
  return paths.back();
}

void prune_backups(const std::string& catalog, std::size_t keep) {
  const auto backups = timed_backups(catalog);
  for (std::size_t i = 0; i + keep < backups.size(); ++i) (void)::unlink(backups[i].c_str());
  for (const std::string& path : beside(catalog, backup_infix))
    if (path.ends_with(unfinished)) (void)::unlink(path.c_str());
}

bool exists(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0;
}

std::uint64_t file_size(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

std::optional<std::string> read_whole_file(const std::string& path) {
  const posix::UniqueDescriptor file(
      ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode) ||
      static_cast<std::uint64_t>(status.st_size) > max_whole_file_bytes)
    return std::nullopt;
  std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t size = 0;
  while (size < bytes.size()) {
    const ssize_t got = ::read(file.get(), bytes.data() + size, bytes.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  bytes.resize(size);
  return bytes;
}

void write_whole_file(const std::string& path, std::string_view bytes) {
  const std::string new_path = path + std::string(unfinished);
  if (::unlink(new_path.c_str()) != 0 && errno != ENOENT) fail("cannot replace " + new_path);
  try {
    const posix::UniqueDescriptor file(
        ::open(new_path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!file) fail("cannot write " + new_path);
    while (!bytes.empty()) {
      const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail("cannot write " + new_path);
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::fsync(file.get()) != 0) fail("cannot sync " + new_path);
  } catch (...) {
    (void)::unlink(new_path.c_str());
    throw;
  }
  rename_durably(new_path, path);
}

void sync_file(const std::string& path) {
  const posix::UniqueDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file || ::fsync(file.get()) != 0) fail("cannot sync " + path);
}

void sync_directory_of(const std::string& path) {
  const std::string directory = directory_of(path);
  const posix::UniqueDescriptor file(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!file || ::fsync(file.get()) != 0) fail("cannot sync " + directory);
}

void rename_durably(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) fail("cannot rename " + from + " to " + to);
  sync_directory_of(to);
}

}  // namespace imgdedup::store
