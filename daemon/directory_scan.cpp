// SPDX-License-Identifier: Apache-2.0
// What lies in one directory.
#include "daemon/directory_scan.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <set>
#include <system_error>
#include <utility>

#include "posix/directory_listing.h"
#include "posix/safe_open.h"
#include "store/hidden_file.h"
#include "store/sidecar.h"

namespace imgdedup::daemon {
namespace {

using InodeKey = std::pair<std::uint64_t, std::uint64_t>;

std::vector<InodeKey> inodes_of(const std::vector<std::string>& paths) {
  std::vector<InodeKey> keys;
  for (const std::string& path : paths) {
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0) keys.emplace_back(status.st_dev, status.st_ino);
  }
  return keys;
}

bool is_sidecar(const std::string& name) {
  const auto id = store::id_from_quarantine_name(name);
  return id && name == store::sidecar_name(*id);
}

// A file with its sidecar beside it lies in a quarantine folder, be it another service's or one
// that neither settings nor catalog know any more.
void leave_out_quarantined(std::vector<ScannedFile>& files, const std::set<std::string>& sidecars) {
  std::erase_if(files, [&](const ScannedFile& file) {
    const auto id = store::id_from_quarantine_name(file.name);
    return id && sidecars.contains(store::sidecar_name(*id));
  });
}

}  // namespace

DirectoryIdentity identity_of(const posix::FileStatus& status) {
  return {status.device, status.inode, status.btime_ns};
}

matching::FileStamp stamp_of(const posix::FileStatus& status) {
  return {status.device, status.inode, status.size_bytes, status.mtime_ns, status.ctime_ns};
}

ScanResult scan_directory(const ScanRequest& request) {
  const auto begin = std::chrono::steady_clock::now();
  ScanResult result;
  const posix::Opened directory =
      posix::open_directory_beneath(request.root_path, request.relative);
  if (!directory) {
    result.error = directory.error;
    return result;
  }
  std::set<std::string> sidecars;
  try {
    result.identity = identity_of(posix::status_of(directory.descriptor.get()));
    const std::vector<InodeKey> quarantined = inodes_of(request.quarantine_directories);
    result.is_empty = true;
    posix::for_each_entry(directory.descriptor.get(), [&](posix::DirectoryEntry entry) {
      result.is_empty = false;
      if (entry.error != 0) return;
      const std::string relative = join_relative(request.relative, entry.name);
      if (entry.type == posix::EntryType::regular) {
        if (is_sidecar(entry.name)) sidecars.insert(entry.name);
        if (store::is_hidden_name(entry.name)) result.hidden.push_back(entry.name);
        if (request.filter->admits_file(relative))
          result.files.push_back({std::move(entry.name), stamp_of(entry.status),
                                  entry.status.hard_links, entry.status.btime_ns});
      } else if (entry.type == posix::EntryType::directory && request.is_recursive) {
        const InodeKey key{entry.status.device, entry.status.inode};
        if (std::find(quarantined.begin(), quarantined.end(), key) == quarantined.end() &&
            request.filter->admits_directory(relative))
          result.directories.push_back({std::move(entry.name), identity_of(entry.status)});
      }
    });
  } catch (const std::system_error& error) {
    ScanResult failed;
    failed.error = error.code().value();
    return failed;
  }
  std::sort(result.files.begin(), result.files.end(),
            [](const ScannedFile& a, const ScannedFile& b) { return a.name < b.name; });
  if (!sidecars.empty()) leave_out_quarantined(result.files, sidecars);
  result.duration = std::chrono::steady_clock::now() - begin;
  return result;
}

std::string join_relative(std::string_view directory, std::string_view name) {
  std::string path(directory);
  if (!path.empty()) path += '/';
  path += name;
  return path;
}

std::string absolute_path(std::string_view root_path, std::string_view relative) {
  std::string path(root_path);
  if (!relative.empty()) {
    if (path.back() != '/') path += '/';
    path += relative;
  }
  return path;
}

}  // namespace imgdedup::daemon
