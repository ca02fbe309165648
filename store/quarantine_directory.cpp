// SPDX-License-Identifier: Apache-2.0
// The folder that quarantined files lie in.
#include "store/quarantine_directory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "posix/directory_listing.h"
#include "posix/file_status.h"
#include "store/sidecar.h"

namespace imgdedup::store {
namespace {

constexpr std::size_t max_sidecar_bytes = 1024 * 1024;

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

void write_all(int descriptor, std::string_view bytes, const std::string& what) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("cannot write " + what);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

QuarantineDirectory::QuarantineDirectory(const std::string& path, IfMissing if_missing)
    : path_(path) {
  constexpr int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  descriptor_.reset(::open(path.c_str(), flags));
  if (!descriptor_ && errno == ENOENT && if_missing == IfMissing::create) {
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
      fail("cannot make the quarantine folder " + path);
    descriptor_.reset(::open(path.c_str(), flags));
  }
  if (!descriptor_) fail("cannot open the quarantine folder " + path);
  // In a folder that others may write, names and sidecars would be anybody's word.
  struct stat status {};
  if (::fstat(descriptor(), &status) != 0) fail("cannot read the quarantine folder " + path);
  if (status.st_uid != ::geteuid() || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    errno = EPERM;
    fail("cannot trust the quarantine folder " + path +
         ": it must belong to the service's user and be writable by that user alone");
  }
}

std::optional<matching::FileStamp> QuarantineDirectory::stamp_of(const std::string& name) const {
  struct stat status {};
  if (::fstatat(descriptor(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 ||
      !S_ISREG(status.st_mode))
    return std::nullopt;
  const auto nanoseconds = [](const timespec& time) {
    // As posix::FileStatus has them.
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 +
                                     static_cast<std::uint64_t>(time.tv_nsec));
  };
  return matching::FileStamp{status.st_dev, status.st_ino, status.st_size,
                             nanoseconds(status.st_mtim), nanoseconds(status.st_ctim)};
}

std::vector<std::string> QuarantineDirectory::names() const {
  std::vector<std::string> names;
  posix::for_each_entry(descriptor(), [&](posix::DirectoryEntry entry) {
    if (entry.type == posix::EntryType::regular) names.push_back(std::move(entry.name));
  });
  return names;
}

void QuarantineDirectory::write_sidecar(const QuarantineEntry& entry) const {
  const std::string name = sidecar_name(entry.id);
  const std::string new_name = name + ".new";
  if (remove(new_name) != 0) fail("cannot replace " + path_ + "/" + new_name);
  const posix::UniqueDescriptor file(
      ::openat(descriptor(), new_name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file) fail("cannot write " + path_ + "/" + new_name);
  write_all(file.get(), sidecar_text(entry), path_ + "/" + new_name);
  if (::fsync(file.get()) != 0) fail("cannot sync " + path_ + "/" + new_name);
  if (::renameat(descriptor(), new_name.c_str(), descriptor(), name.c_str()) != 0)
    fail("cannot rename " + path_ + "/" + new_name);
}

std::optional<QuarantineEntry> QuarantineDirectory::read_sidecar(DecisionId id) const {
  const posix::UniqueDescriptor file(::openat(descriptor(), sidecar_name(id).c_str(),
                                              O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file) return std::nullopt;
  std::string text(max_sidecar_bytes, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(file.get(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    size += static_cast<std::size_t>(got);
  }
  text.resize(size);
  auto entry = parse_sidecar(text);
  if (!entry || entry->id != id) return std::nullopt;
  entry->quarantine_directory = path_;
  return entry;
}

int QuarantineDirectory::remove(const std::string& name) const {
  if (::unlinkat(descriptor(), name.c_str(), 0) == 0 || errno == ENOENT) return 0;
  return errno;
}

void QuarantineDirectory::sync() const {
  if (::fsync(descriptor()) != 0) fail("cannot sync the quarantine folder " + path_);
}

}  // namespace imgdedup::store
