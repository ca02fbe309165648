// SPDX-License-Identifier: Apache-2.0
// Reads a whole file through its descriptor into memory.
#include "worker/file_bytes.h"

#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <system_error>

namespace imgdedup::worker {
namespace {

using matching::Refusal;
using matching::RefusalReason;

Refusal unreadable(int error_number) {
  return {RefusalReason::unreadable, std::generic_category().message(error_number)};
}

/// The call itself: glibc's fstat() asks by newfstatat(), which the sandbox refuses, for it could
/// look at any path.
bool status_of(int descriptor, struct stat& status) {
  return ::syscall(SYS_fstat, descriptor, &status) == 0;
}

bool same_state(const struct stat& a, const struct stat& b) {
  return a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec &&
         a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

/// Bytes read, fewer than asked for only at the end of the file; -1 with errno.
ssize_t read_fully(int descriptor, std::span<std::uint8_t> bytes, std::size_t offset) {
  std::size_t taken = 0;
  while (taken < bytes.size()) {
    const ssize_t size = ::pread(descriptor, bytes.data() + taken, bytes.size() - taken,
                                 static_cast<off_t>(offset + taken));
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return -1;
    if (size == 0) break;
    taken += static_cast<std::size_t>(size);
  }
  return static_cast<ssize_t>(taken);
}

}  // namespace

std::variant<FileBytes, Refusal> read_file_bytes(int descriptor, std::uint64_t max_bytes,
                                                 HeadCheck head_check) {
  struct stat before {};
  if (!status_of(descriptor, before)) return unreadable(errno);
  if (!S_ISREG(before.st_mode)) return Refusal{RefusalReason::unreadable, "not a regular file"};

  if (head_check) {
    std::array<std::uint8_t, head_bytes> head{};
    const ssize_t size = read_fully(descriptor, head, 0);
    if (size < 0) return unreadable(errno);
    if (auto refusal = head_check(std::span(head).first(static_cast<std::size_t>(size))))
      return *std::move(refusal);
  }

  const auto size = static_cast<std::uint64_t>(before.st_size);
  if (size > max_bytes)
    return Refusal{RefusalReason::over_limit, "the file has " + std::to_string(size) +
                                                  " bytes, the limit is " +
                                                  std::to_string(max_bytes)};
  FileBytes bytes(size);
  const ssize_t taken = read_fully(descriptor, bytes.all(), 0);
  if (taken < 0) return unreadable(errno);
  struct stat after {};
  if (!status_of(descriptor, after)) return unreadable(errno);
  if (static_cast<std::uint64_t>(taken) != size || !same_state(before, after))
    return Refusal{RefusalReason::incomplete, "the file changed while it was read"};
  return bytes;
}

}  // namespace imgdedup::worker
