// SPDX-License-Identifier: Apache-2.0
// Opens what lies below a directory, and nothing that a symbolic link points to.
#include "posix/safe_open.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <string>

namespace imgdedup::posix {
namespace {

constexpr int directory_flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
constexpr int step_flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
constexpr int file_flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

std::atomic<bool> kernel_lacks_openat2 = false;

Opened failure(int error) { return {.descriptor = {}, .error = error}; }

/// Takes the first component off `rest`; empty at the end.
std::string_view next_component(std::string_view& rest) {
  while (rest.starts_with('/')) rest.remove_prefix(1);
  const std::size_t length = std::min(rest.find('/'), rest.size());
  const std::string_view component = rest.substr(0, length);
  rest.remove_prefix(length);
  return component;
}

/// 0, or why no file system is to be asked about this name.
int check_relative(std::string_view relative) {
  if (relative.starts_with('/')) return EXDEV;
  if (relative.find('\0') != std::string_view::npos) return EINVAL;
  for (std::string_view rest = relative, part; !(part = next_component(rest)).empty();)
    if (part == "..") return EXDEV;
  return 0;
}

Opened open_component(int directory, std::string_view name, int flags) {
  const std::string terminated(name);
  UniqueDescriptor descriptor(::openat(directory, terminated.c_str(), flags));
  if (descriptor) return {.descriptor = std::move(descriptor), .error = 0};
  const int error = errno;
  struct stat status;
  // With O_DIRECTORY the kernel says ENOTDIR of a link, openat2 says ELOOP: one word for both.
  if (error == ENOTDIR &&
      ::fstatat(directory, terminated.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
      S_ISLNK(status.st_mode))
    return failure(ELOOP);
  return failure(error);
}

Opened walk(int root, std::string_view relative, int last_flags) {
  Opened here;
  int directory = root;
  std::string_view rest = relative;
  std::string_view name = next_component(rest);
  while (true) {
    std::string_view beyond = rest;
    const std::string_view next = next_component(beyond);
    if (next.empty()) break;
    here = open_component(directory, name, step_flags);
    if (!here) return here;
    directory = here.descriptor.get();
    name = next;
    rest = beyond;
  }
  if (relative.ends_with('/')) last_flags |= O_DIRECTORY;
  return open_component(directory, name.empty() ? "." : name, last_flags);
}

Opened open_beneath(int root, std::string_view relative, int flags) {
  const std::string path = relative.empty() ? "." : std::string(relative);
  if (!kernel_lacks_openat2.load(std::memory_order_relaxed) && path.size() < PATH_MAX) {
    open_how how{};
    // With O_NOFOLLOW a link at the end would be ENOTDIR for a directory; RESOLVE_NO_SYMLINKS says
    // ELOOP.
    how.flags = static_cast<unsigned>(flags & ~O_NOFOLLOW);
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    for (int attempt = 0; attempt < 8; ++attempt) {
      const long result = ::syscall(SYS_openat2, root, path.c_str(), &how, sizeof how);
      if (result >= 0)
        return {.descriptor = UniqueDescriptor(static_cast<int>(result)), .error = 0};
      // A rename elsewhere made the kernel unsure.
      if (errno == EAGAIN) continue;
      if (errno == ENOSYS) kernel_lacks_openat2 = true;
      if (errno == ENOSYS || errno == EPERM) break;
      return failure(errno);
    }
  }
  return walk(root, path, flags);
}

Opened only_regular(Opened opened) {
  if (!opened) return opened;
  struct stat status;
  if (::fstat(opened.descriptor.get(), &status) != 0) return failure(errno);
  if (S_ISREG(status.st_mode)) return opened;
  return failure(S_ISDIR(status.st_mode) ? EISDIR : EINVAL);
}

int file_error(std::string_view relative) {
  if (const int error = check_relative(relative)) return error;
  return relative.empty() ? EISDIR : 0;
}

}  // namespace

Opened open_root(std::string_view root_path) {
  const std::string path(root_path);
  if (path.size() != std::string_view(path.c_str()).size()) return failure(EINVAL);
  UniqueDescriptor root(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC));
  if (!root) return failure(errno);
  return {.descriptor = std::move(root), .error = 0};
}

Opened open_directory_beneath(int root, std::string_view relative) {
  if (const int error = check_relative(relative)) return failure(error);
  return open_beneath(root, relative, directory_flags);
}

Opened open_directory_beneath(std::string_view root_path, std::string_view relative) {
  const Opened root = open_root(root_path);
  return root ? open_directory_beneath(root.descriptor.get(), relative) : failure(root.error);
}

Opened open_file_beneath(int root, std::string_view relative, int further_flags) {
  if (const int error = file_error(relative)) return failure(error);
  return only_regular(open_beneath(root, relative, file_flags | further_flags));
}

Opened open_file_beneath(std::string_view root_path, std::string_view relative, int further_flags) {
  const Opened root = open_root(root_path);
  return root ? open_file_beneath(root.descriptor.get(), relative, further_flags)
              : failure(root.error);
}

Opened walk_to_directory_beneath(int root, std::string_view relative) {
  if (const int error = check_relative(relative)) return failure(error);
  return walk(root, relative, directory_flags);
}

Opened walk_to_file_beneath(int root, std::string_view relative, int further_flags) {
  if (const int error = file_error(relative)) return failure(error);
  return only_regular(walk(root, relative, file_flags | further_flags));
}

}  // namespace imgdedup::posix
