// SPDX-License-Identifier: Apache-2.0
// Lists a directory with the status of each entry.
#include "posix/directory_listing.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

#include "posix/unique_descriptor.h"

namespace imgdedup::posix {
namespace {

struct CloseDirectory {
  void operator()(DIR* stream) const { ::closedir(stream); }
};
using DirectoryStream = std::unique_ptr<DIR, CloseDirectory>;

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

DirectoryStream open_stream(int directory) {
  UniqueDescriptor own(::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!own) fail("open a directory for listing");
  DirectoryStream stream(::fdopendir(own.get()));
  if (!stream) fail("fdopendir");
  static_cast<void>(own.release());
  return stream;
}

EntryType type_from_mode(unsigned mode) {
  if (S_ISREG(mode)) return EntryType::regular;
  if (S_ISDIR(mode)) return EntryType::directory;
  return S_ISLNK(mode) ? EntryType::symbolic_link : EntryType::other;
}

EntryType type_from_dirent(unsigned char type) {
  if (type == DT_REG) return EntryType::regular;
  if (type == DT_DIR) return EntryType::directory;
  return type == DT_LNK ? EntryType::symbolic_link : EntryType::other;
}

}  // namespace

void for_each_entry(int directory, const std::function<void(DirectoryEntry)>& callback) {
  const DirectoryStream stream = open_stream(directory);
  const int descriptor = ::dirfd(stream.get());
  while (true) {
    errno = 0;
    const dirent* const found = ::readdir(stream.get());
    if (!found) break;
    const std::string_view name = found->d_name;
    if (name == "." || name == "..") continue;
    DirectoryEntry entry;
    entry.name = name;
    struct statx raw;
    if (::statx(descriptor, found->d_name, AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC,
                STATX_BASIC_STATS | STATX_BTIME, &raw) == 0) {
      entry.type = type_from_mode(raw.stx_mode);
      entry.status = status_from(raw);
    } else if (errno == ENOENT) {
      continue;
    } else {
      entry.type = type_from_dirent(found->d_type);
      entry.error = errno;
    }
    callback(std::move(entry));
  }
  if (errno != 0) fail("readdir");
}

std::vector<DirectoryEntry> list_directory(int directory) {
  std::vector<DirectoryEntry> entries;
  for_each_entry(directory, [&](DirectoryEntry entry) { entries.push_back(std::move(entry)); });
  return entries;
}

}  // namespace imgdedup::posix
