// SPDX-License-Identifier: Apache-2.0
// The folder that quarantined files lie in.
#include "store/quarantine_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "posix/directory_listing.h"
#include "posix/file_move.h"
#include "posix/safe_open.h"
#include "store/hidden_file.h"
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

// By a descriptor of its own: copies of the other one outlive a move in other threads.
bool QuarantineDirectory::lock() {
  lock_.reset(::openat(descriptor(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!lock_) fail("cannot open the quarantine folder " + path_);
  return ::flock(lock_.get(), LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
}

std::optional<matching::FileStamp> QuarantineDirectory::stamp_of(const std::string& name) const {
  return stamp_in(descriptor(), name);
}

posix::UniqueDescriptor QuarantineDirectory::open_file(const std::string& name) const {
  posix::Opened file = posix::open_file_beneath(descriptor(), name);
  errno = file.error;
  return std::move(file.descriptor);
}

std::vector<std::string> QuarantineDirectory::names() const {
  std::vector<std::string> names;
  posix::for_each_entry(descriptor(), [&](posix::DirectoryEntry entry) {
    if (entry.type == posix::EntryType::regular) names.push_back(std::move(entry.name));
  });
  return names;
}

void QuarantineDirectory::write_sidecar(const QuarantineEntry& entry,
                                        const posix::FileAttributes* attributes) const {
  const std::string text = sidecar_text(entry, attributes);
  if (text.size() > max_sidecar_bytes) {
    errno = E2BIG;
    fail("cannot note all extended attributes of " + entry.original_path);
  }
  const std::string name = sidecar_name(entry.id);
  const std::string new_name = name + ".new";
  if (remove(new_name) != 0) fail("cannot replace " + path_ + "/" + new_name);
  const posix::UniqueDescriptor file(
      ::openat(descriptor(), new_name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file) fail("cannot write " + path_ + "/" + new_name);
  write_all(file.get(), text, path_ + "/" + new_name);
  if (::fsync(file.get()) != 0) fail("cannot sync " + path_ + "/" + new_name);
  name_sidecar(new_name, entry);
}

void QuarantineDirectory::name_sidecar(const std::string& new_name,
                                       const QuarantineEntry& entry) const {
  const std::string name = sidecar_name(entry.id);
  errno = posix::rename_no_replace(descriptor(), new_name, descriptor(), name);
  if (errno == 0) return;
  // EINVAL: a file system that cannot do that without replacing.
  if (errno == EEXIST || errno == EINVAL) {
    const auto other = read_sidecar(entry.id);
    const bool is_of_another =
        other && other->original_path != entry.original_path && stamp_of(other->name).has_value();
    errno = EEXIST;
    if (!is_of_another &&
        ::renameat(descriptor(), new_name.c_str(), descriptor(), name.c_str()) == 0)
      return;
  }
  const int error = errno;
  (void)remove(new_name);
  errno = error;
  fail("cannot rename " + path_ + "/" + new_name);
}

std::string QuarantineDirectory::sidecar_of(DecisionId id) const {
  const posix::UniqueDescriptor file = open_file(sidecar_name(id));
  if (!file) return "";
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return "";
  std::string text(std::min(static_cast<std::size_t>(status.st_size), max_sidecar_bytes), '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(file.get(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    size += static_cast<std::size_t>(got);
  }
  text.resize(size);
  return text;
}

std::optional<QuarantineEntry> QuarantineDirectory::read_sidecar(DecisionId id) const {
  auto entry = parse_sidecar(sidecar_of(id));
  if (!entry || entry->id != id) return std::nullopt;
  entry->quarantine_directory = path_;
  return entry;
}

std::optional<posix::FileAttributes> QuarantineDirectory::read_attributes(DecisionId id) const {
  return attributes_in_sidecar(sidecar_of(id));
}

int QuarantineDirectory::remove(const std::string& name) const {
  if (::unlinkat(descriptor(), name.c_str(), 0) == 0 || errno == ENOENT) return 0;
  return errno;
}

void QuarantineDirectory::remove_unless_locked(const std::string& name) const {
  const posix::UniqueDescriptor file = open_file(name);
  if (file && ::flock(file.get(), LOCK_EX | LOCK_NB) == 0) (void)remove(name);
}

void QuarantineDirectory::sync() const {
  if (::fsync(descriptor()) != 0) fail("cannot sync the quarantine folder " + path_);
}

}  // namespace imgdedup::store
