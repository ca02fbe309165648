// SPDX-License-Identifier: Apache-2.0
// What this process may do in a watched folder: list, read, watch, lease, rename.
#include "daemon/folder_access.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <deque>
#include <system_error>

#include "config/path_rules.h"
#include "daemon/path_filter.h"
#include "posix/directory_listing.h"
#include "posix/file_lease.h"
#include "posix/safe_open.h"

namespace imgdedup::daemon {
namespace {

using std::chrono::steady_clock;

void deny(Denied& denied, const std::string& path) {
  if (denied.count++ == 0) denied.first_path = path;
}

int watch_error_of(int directory) {
  const posix::UniqueDescriptor inotify(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!inotify) return errno;
  const std::string path = "/proc/self/fd/" + std::to_string(directory);
  return ::inotify_add_watch(inotify.get(), path.c_str(), IN_CREATE | IN_ONLYDIR) < 0 ? errno : 0;
}

class Examination {
 public:
  Examination(const config::WatchedRoot& root, const AccessSample& sample, FolderAccess& access)
      : root_(root),
        filter_(root.include, root.exclude),
        end_(steady_clock::now() + sample.most_time),
        left_(sample.most_entries),
        access_(access) {}

  void look(posix::UniqueDescriptor top) {
    const int root = top.get();
    waiting_.emplace_back();
    while (!waiting_.empty() && left_ > 0 && steady_clock::now() < end_) {
      const std::string relative = waiting_.front();
      waiting_.pop_front();
      posix::Opened opened = posix::open_directory_beneath(root, relative);
      ++access_.directories;
      if (!opened) {
        if (opened.error == EACCES || opened.error == EPERM)
          deny(access_.unlistable, absolute(relative));
        continue;
      }
      look_into(opened.descriptor.get(), relative);
    }
  }

 private:
  [[nodiscard]] std::string absolute(const std::string& relative) const {
    return relative.empty() ? root_.path : root_.path + "/" + relative;
  }

  void look_into(int directory, const std::string& relative) {
    if (::faccessat(directory, ".", X_OK, AT_EACCESS) != 0) {
      deny(access_.unlistable, absolute(relative));
      return;
    }
    struct stat status {};
    const bool may_write = ::faccessat(directory, ".", W_OK, AT_EACCESS) == 0;
    const bool is_sticky = ::fstat(directory, &status) == 0 && (status.st_mode & S_ISVTX) != 0 &&
                           status.st_uid != ::geteuid() && ::geteuid() != 0;
    if (!may_write)
      deny(access_.unwritable, absolute(relative));
    else if (is_sticky)
      deny(access_.sticky, absolute(relative));
    try {
      posix::for_each_entry(directory, [&](const posix::DirectoryEntry& entry) {
        if (left_ == 0) return;
        --left_;
        const std::string path = relative.empty() ? entry.name : relative + "/" + entry.name;
        if (config::is_within(absolute(path), root_.quarantine)) return;
        if (entry.type == posix::EntryType::directory && root_.recursive &&
            filter_.admits_directory(path))
          waiting_.push_back(path);
        if (entry.type == posix::EntryType::regular && filter_.admits_file(path))
          look_at_file(directory, entry.name, absolute(path));
      });
    } catch (const std::system_error&) {
      deny(access_.unlistable, absolute(relative));
    }
  }

  void look_at_file(int directory, const std::string& name, const std::string& path) {
    ++access_.files;
    const posix::Opened opened = posix::open_file_beneath(directory, name);
    if (!opened) {
      if (opened.error == EACCES || opened.error == EPERM) deny(access_.unreadable, path);
      return;
    }
    if (posix::ReadLease(opened.descriptor.get()).outcome() == posix::LeaseOutcome::not_permitted)
      deny(access_.unleasable, path);
  }

  const config::WatchedRoot& root_;
  PathFilter filter_;
  steady_clock::time_point end_;
  std::size_t left_;
  FolderAccess& access_;
  std::deque<std::string> waiting_;
};

}  // namespace

std::string blocked_above(const std::string& path) {
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    const std::string above = path.substr(0, slash);
    if (::faccessat(AT_FDCWD, above.c_str(), X_OK, AT_EACCESS) != 0 && errno == EACCES)
      return above;
  }
  return {};
}

FolderAccess examine_folder(const config::WatchedRoot& root, int descriptor,
                            const AccessSample& sample) {
  FolderAccess access;
  posix::Opened top =
      descriptor < 0 ? posix::open_root(root.path) : posix::open_directory_beneath(descriptor, "");
  if (!top) {
    access.open_error = top.error;
    if (top.error == EACCES && descriptor < 0) access.blocked_at = blocked_above(root.path);
    return access;
  }
  struct statvfs file_system {};
  access.is_read_only =
      ::fstatvfs(top.descriptor.get(), &file_system) == 0 && (file_system.f_flag & ST_RDONLY) != 0;
  access.watch_error = watch_error_of(top.descriptor.get());
  Examination(root, sample, access).look(std::move(top.descriptor));
  return access;
}

}  // namespace imgdedup::daemon
