// SPDX-License-Identifier: Apache-2.0
// One file's way to another file system.
#include "store/file_transfer.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <system_error>

#include "posix/file_copy.h"
#include "posix/file_status.h"
#include "posix/test_hooks.h"

namespace imgdedup::store {
namespace {

// So much of a file system that others write to as well stays free.
constexpr std::uint64_t most_kept_free_bytes = std::uint64_t{64} << 20;
constexpr std::uint64_t kept_free_part = 20;

[[noreturn]] void fail(int error, const std::string& what) {
  throw std::system_error(error, std::generic_category(), what);
}

void require_room(int directory, std::uint64_t size_bytes) {
  struct statvfs room {};
  // A file system that does not say is asked by writing to it.
  if (::fstatvfs(directory, &room) != 0 || room.f_blocks == 0) return;
  const std::uint64_t total = std::uint64_t{room.f_blocks} * room.f_frsize;
  const std::uint64_t available = std::uint64_t{room.f_bavail} * room.f_frsize;
  if (available < size_bytes + std::min(most_kept_free_bytes, total / kept_free_part))
    fail(ENOSPC, "a copy of " + std::to_string(size_bytes) + " bytes would leave less free of " +
                     std::to_string(available) + " than has to stay");
}

}  // namespace

FileTransfer::FileTransfer(TransferRequest request) : request_(std::move(request)) {}

void FileTransfer::create() {
  const posix::FileStatus status = posix::status_of(request_.source.get());
  require_room(request_.target_directory.get(), static_cast<std::uint64_t>(status.size_bytes));
  copy_.reset(::openat(request_.target_directory.get(), request_.temporary_name.c_str(),
                       O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!copy_) fail(errno, "cannot make " + request_.temporary_name);
  // Tells another service that this is not what a crash left. Some file systems have no locks.
  (void)::flock(copy_.get(), LOCK_EX | LOCK_NB);
}

void FileTransfer::run() noexcept try {
  const int source = request_.source.get();
  posix::test_point("copy_begun");
  posix::copy_file_bytes(source, copy_.get(), [&] {
    return !is_cancelled_ && (!request_.source_is_leased || ::fcntl(source, F_GETLEASE) == F_RDLCK);
  });
  posix::test_point("copy_written");
  not_kept_ = posix::give_attributes(copy_.get(), request_.attributes);
  if (::fsync(copy_.get()) != 0) fail(errno, "cannot sync the copy");
  posix::test_point("copy_synced");
  // What is compared is then read from the disk, not remembered.
  (void)::posix_fadvise(copy_.get(), 0, 0, POSIX_FADV_DONTNEED);
  if (!posix::same_file_bytes(source, copy_.get())) {
    failure_ = "the copy did not read back as it was written";
    return;
  }
  failure_.reset();
} catch (const std::system_error& error) {
  failure_ = error.code().value() == ECANCELED
                 ? std::string(is_cancelled_ ? "the copying was ended"
                                             : "somebody began to write it while it was copied")
                 : error.what();
} catch (const std::exception& error) {
  failure_ = error.what();
}

matching::FileStamp FileTransfer::copy_stamp() const {
  const posix::FileStatus status = posix::status_of(copy_.get());
  return {status.device, status.inode, status.size_bytes, status.mtime_ns, status.ctime_ns};
}

posix::UniqueDescriptor FileTransfer::open_copy() const {
  posix::UniqueDescriptor file(::openat(request_.target_directory.get(),
                                        request_.temporary_name.c_str(),
                                        O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file) fail(errno, "cannot open the copy " + request_.temporary_name);
  const posix::FileStatus status = posix::status_of(file.get());
  if (status.inode != copy_stamp().inode || status.device != copy_stamp().device)
    fail(ESTALE, "another file has the name of the copy " + request_.temporary_name);
  return file;
}

}  // namespace imgdedup::store
