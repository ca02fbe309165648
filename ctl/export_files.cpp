// SPDX-License-Identifier: Apache-2.0
// The single files of an export folder.
#include "ctl/export_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstddef>
#include <system_error>
#include <vector>

#include "posix/file_copy.h"
#include "posix/file_move.h"

namespace imgdedup::ctl {
namespace {

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

std::string target_of(int directory, const std::string& name) {
  std::vector<char> target(PATH_MAX);
  const ssize_t length = ::readlinkat(directory, name.c_str(), target.data(), target.size());
  if (length < 0) fail(name);
  return {target.data(), static_cast<std::size_t>(length)};
}

}  // namespace

ExportStamp stamp_of(const struct stat& status) {
  return {status.st_size,
          std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec};
}

ExportStamp stamp_of_open(int file) {
  struct stat status {};
  if (::fstat(file, &status) != 0) fail("an open file");
  return stamp_of(status);
}

std::optional<ExportEntry> entry_at(int directory, const std::string& name) {
  struct stat status {};
  if (::fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    fail(name);
  }
  ExportEntry entry{S_ISREG(status.st_mode), stamp_of(status), std::nullopt};
  if (S_ISLNK(status.st_mode)) entry.link_target = target_of(directory, name);
  return entry;
}

std::optional<ExportStamp> stamp_at(int directory, const std::string& name) {
  const auto entry = entry_at(directory, name);
  if (!entry) return std::nullopt;
  if (!entry->is_regular) throw std::runtime_error(name + " is no regular file");
  return entry->stamp;
}

std::optional<std::string> text_at(int directory, const std::string& name) {
  const posix::UniqueDescriptor file(
      ::openat(directory, name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file && errno == ENOENT) return std::nullopt;
  if (!file) fail(name);
  std::string text;
  std::vector<char> block(std::size_t{1} << 16);
  for (;;) {
    const ssize_t count = ::read(file.get(), block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail(name);
    if (count == 0) return text;
    text.append(block.data(), static_cast<std::size_t>(count));
  }
}

bool is_as_left(const ExportEntry& entry, const ExportedFile& file) {
  if (file.form == ExportForm::link) return entry.link_target == file.source;
  return entry.is_regular && entry.stamp == file.stamp;
}

bool shows_the_same(int directory, const std::string& name, const ExportEntry& entry, int source,
                    const std::string& source_path, ExportForm form) {
  if (form == ExportForm::link) return entry.link_target == source_path;
  if (!entry.is_regular || entry.stamp.bytes != stamp_of_open(source).bytes) return false;
  const posix::UniqueDescriptor file(
      ::openat(directory, name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  return file && posix::same_file_bytes(file.get(), source);
}

posix::Opened make_directory_beneath(int root, std::string_view relative) {
  posix::Opened opened = posix::open_directory_beneath(root, relative);
  if (opened || opened.error != ENOENT) return opened;
  for (std::size_t end = relative.find('/');; end = relative.find('/', end + 1)) {
    const std::string_view above = relative.substr(0, end);
    const std::size_t slash = above.rfind('/');
    const std::string name(slash == std::string_view::npos ? above : above.substr(slash + 1));
    const posix::Opened parent = posix::open_directory_beneath(
        root, slash == std::string_view::npos ? "" : above.substr(0, slash));
    if (!parent) return {{}, parent.error};
    if (::mkdirat(parent.descriptor.get(), name.c_str(), 0777) != 0 && errno != EEXIST)
      return {{}, errno};
    if (end == std::string_view::npos) break;
  }
  return posix::open_directory_beneath(root, relative);
}

posix::UniqueDescriptor open_part(int directory, const std::string& name) {
  ::unlinkat(directory, name.c_str(), 0);
  posix::UniqueDescriptor file(
      ::openat(directory, name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) fail(name);
  return file;
}

posix::UniqueDescriptor open_for_appending(int directory, const std::string& name) {
  posix::UniqueDescriptor file(
      ::openat(directory, name.c_str(),
               O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666));
  if (!file) fail(name);
  return file;
}

void append(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(file, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("cannot be written");
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

mode_t current_umask() {
  const mode_t mask = ::umask(0);
  ::umask(mask);
  return mask;
}

int give_name(int old_directory, const std::string& old_name, int directory,
              const std::string& name, Replacing replacing) {
  if (replacing == Replacing::yes)
    return ::renameat(old_directory, old_name.c_str(), directory, name.c_str()) == 0 ? 0 : errno;
  const int error = posix::rename_no_replace(old_directory, old_name, directory, name);
  if (error != EINVAL && error != ENOSYS) return error;
  if (::linkat(old_directory, old_name.c_str(), directory, name.c_str(), 0) != 0) return errno;
  return ::unlinkat(old_directory, old_name.c_str(), 0) == 0 ? 0 : errno;
}

}  // namespace imgdedup::ctl
