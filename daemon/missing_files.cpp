// SPDX-License-Identifier: Apache-2.0
// Rows whose file is not where it was.
#include "daemon/missing_files.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "posix/safe_open.h"

namespace imgdedup::daemon {
namespace {

constexpr std::size_t slice = 200;

std::optional<struct stat> look(const Root& root, const std::string& path) {
  const std::string relative = relative_to(root, path);
  const auto slash = relative.rfind('/');
  const std::string directory = slash == std::string::npos ? "" : relative.substr(0, slash);
  const std::string name = slash == std::string::npos ? relative : relative.substr(slash + 1);
  const posix::Opened parent = posix::open_directory_beneath(root.settings.path, directory);
  struct stat status {};
  if (!parent ||
      ::fstatat(parent.descriptor.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
    return std::nullopt;
  return status;
}

bool reaches(const Root& root, const std::string& relative) {
  return (root.settings.recursive || relative.find('/') == std::string::npos) &&
         root.filter->reaches_file(relative);
}

}  // namespace

bool names_inode(const Roots& roots, const std::string& path, const matching::FileStamp& stamp) {
  const Root* root = roots.holding(path);
  if (!root || !root->is_online()) return false;
  const auto status = look(*root, path);
  return status && S_ISREG(status->st_mode) && status->st_dev == stamp.device &&
         status->st_ino == stamp.inode;
}

void MissingFiles::note_time() {
  last_added_ = std::chrono::steady_clock::now();
  if (empty()) first_added_ = last_added_;
}

void MissingFiles::add(const store::CatalogFile& file) {
  note_time();
  files_.push_back({file.id, file.path});
}

void MissingFiles::add_directory(std::string directory) {
  note_time();
  directories_.push_back({std::move(directory), 0});
}

void MissingFiles::expand_directory() {
  Directory& directory = directories_.front();
  const auto rows = library_.catalog().files_below(directory.path, directory.after, slice);
  for (const store::CatalogFile& row : rows) files_.push_back({row.id, row.path});
  if (rows.size() < slice)
    directories_.pop_front();
  else
    directory.after = rows.back().id;
}

void MissingFiles::settle_slice(const Outcome& outcome) {
  if (files_.empty() && !directories_.empty()) expand_directory();
  library_.in_transaction([&] {
    // Those that must wait are put at the end, so one round looks at each at most once.
    for (std::size_t count = std::min(slice, files_.size()); count > 0; --count) {
      const Missing missing = std::move(files_.front());
      files_.pop_front();
      settle(missing, outcome);
    }
  });
}

void MissingFiles::settle(const Missing& missing, const Outcome& outcome) {
  const auto row = library_.catalog().file(missing.id);
  if (!row || row->path != missing.path) return;
  if (outcome.is_being_moved(missing.id)) {
    files_.push_back(missing);
    return;
  }
  if (const Root* root = roots_.holding(missing.path)) {
    if (!root->is_online()) return;
    const std::string relative = relative_to(*root, missing.path);
    if (const auto status = look(*root, missing.path);
        status && S_ISREG(status->st_mode) && reaches(*root, relative)) {
      if (!matching::same_inode(row->stamp, {status->st_dev, status->st_ino, 0, 0, 0}))
        outcome.reappeared(missing.path);
      return;
    }
  }
  library_.file_gone(*row);
}

}  // namespace imgdedup::daemon
