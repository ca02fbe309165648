// SPDX-License-Identifier: Apache-2.0
// Opening a catalogued file.
#include "daemon/file_access.h"

#include <fcntl.h>

#include <cerrno>
#include <chrono>
#include <system_error>

#include "posix/file_status.h"
#include "posix/safe_open.h"

namespace imgdedup::daemon {

OpenedFile open_file(const Roots& roots, const std::string& path) {
  OpenedFile file;
  const Root* root = roots.holding(path);
  if (!root || !root->is_online()) {
    file.is_offline = true;
    file.error = ENOENT;
    return file;
  }
  posix::Opened opened = posix::open_file_beneath(root->settings.path, relative_to(*root, path));
  file.error = opened.error;
  if (!opened) return file;
  try {
    const posix::FileStatus status = posix::status_of(opened.descriptor.get());
    file.stamp = stamp_of(status);
    file.hard_links = status.hard_links;
    file.descriptor = std::move(opened.descriptor);
  } catch (const std::system_error& error) {
    file.error = error.code().value();
  }
  return file;
}

posix::UniqueDescriptor duplicate(const posix::UniqueDescriptor& descriptor) {
  posix::UniqueDescriptor copy(::fcntl(descriptor.get(), F_DUPFD_CLOEXEC, 0));
  if (!copy)
    throw std::system_error(errno, std::generic_category(), "cannot duplicate a descriptor");
  return copy;
}

std::int64_t wall_clock_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace imgdedup::daemon
