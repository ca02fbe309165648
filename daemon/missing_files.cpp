// SPDX-License-Identifier: Apache-2.0
// Rows whose file is not where it was.
#include "daemon/missing_files.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include "posix/safe_open.h"

namespace imgdedup::daemon {
namespace {

constexpr std::size_t slice = 200;

enum class Presence : std::uint8_t {
  there,
  gone,
  unknown,  ///< one cannot look there now: no permission, an I/O error
};

struct Sight {
  Presence presence = Presence::unknown;
  struct stat status {};
};

bool says_gone(int error) { return error == ENOENT || error == ENOTDIR || error == ELOOP; }

Sight look(const Root& root, const std::string& path) {
  const std::string relative = relative_to(root, path);
  const auto slash = relative.rfind('/');
  const std::string directory = slash == std::string::npos ? "" : relative.substr(0, slash);
  const std::string name = slash == std::string::npos ? relative : relative.substr(slash + 1);
  Sight sight;
  const posix::Opened parent = posix::open_directory_beneath(root.settings.path, directory);
  if (!parent) {
    sight.presence = says_gone(parent.error) ? Presence::gone : Presence::unknown;
  } else if (::fstatat(parent.descriptor.get(), name.c_str(), &sight.status, AT_SYMLINK_NOFOLLOW) !=
             0) {
    sight.presence = says_gone(errno) ? Presence::gone : Presence::unknown;
  } else {
    sight.presence = S_ISREG(sight.status.st_mode) ? Presence::there : Presence::gone;
  }
  return sight;
}

bool reaches(const Root& root, const std::string& relative) {
  return (root.settings.recursive || relative.find('/') == std::string::npos) &&
         root.filter->reaches_file(relative);
}

}  // namespace

bool names_inode(const Roots& roots, const std::string& path, const matching::FileStamp& stamp) {
  const Root* root = roots.holding(path);
  if (!root || !root->is_online()) return false;
  const Sight sight = look(*root, path);
  // In doubt it is believed to be what it was: another name then, not a file that moved.
  if (sight.presence == Presence::unknown) return true;
  return sight.presence == Presence::there && sight.status.st_dev == stamp.device &&
         sight.status.st_ino == stamp.inode;
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
  for (std::string& below : library_.catalog().directories_below(directory))
    directories_.push_back({std::move(below), ""});
}

void MissingFiles::expand_directory() {
  Directory& directory = directories_.front();
  const auto rows =
      library_.catalog().files_in_directory(directory.path, directory.after_name, slice);
  for (const store::CatalogFile& row : rows) files_.push_back({row.id, row.path});
  if (rows.size() < slice)
    directories_.pop_front();
  else
    directory.after_name = rows.back().path.substr(rows.back().path.rfind('/') + 1);
}

bool MissingFiles::settle_slice(const Outcome& outcome) {
  const std::size_t before = files_.size() + directories_.size();
  if (files_.empty() && !directories_.empty()) expand_directory();
  library_.in_transaction([&] {
    // Those that must wait are put at the end, so one round looks at each at most once.
    for (std::size_t count = std::min(slice, files_.size()); count > 0; --count) {
      const Missing missing = std::move(files_.front());
      files_.pop_front();
      settle(missing, outcome);
    }
  });
  return files_.size() + directories_.size() != before || !directories_.empty();
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
    const Sight sight = look(*root, missing.path);
    if (sight.presence == Presence::unknown) return;
    if (sight.presence == Presence::there && reaches(*root, relative)) {
      if (!matching::same_inode(row->stamp, {sight.status.st_dev, sight.status.st_ino, 0, 0, 0}))
        outcome.reappeared(missing.path);
      return;
    }
  }
  library_.file_gone(*row);
  // It has the name of another hard link now, which may have gone as well.
  if (const auto promoted = library_.catalog().file(missing.id))
    files_.push_back({promoted->id, promoted->path});
}

}  // namespace imgdedup::daemon
