// SPDX-License-Identifier: Apache-2.0
// Reads a whole file through its descriptor into memory.
#include "worker/file_bytes.h"

#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
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

/// Refuses what is not worth reading; `before` becomes the state of the file.
std::optional<Refusal> refuse_unread(int descriptor, std::uint64_t max_bytes, HeadCheck head_check,
                                     struct stat& before) {
  if (!status_of(descriptor, before)) return unreadable(errno);
  if (!S_ISREG(before.st_mode)) return Refusal{RefusalReason::unreadable, "not a regular file"};
  if (head_check) {
    std::array<std::uint8_t, head_bytes> head{};
    const ssize_t size = read_fully(descriptor, head, 0);
    if (size < 0) return unreadable(errno);
    if (auto refusal = head_check(std::span(head).first(static_cast<std::size_t>(size))))
      return refusal;
  }
  if (const auto size = static_cast<std::uint64_t>(before.st_size); size > max_bytes)
    return Refusal{RefusalReason::over_limit, "the file has " + std::to_string(size) +
                                                  " bytes, the limit is " +
                                                  std::to_string(max_bytes)};
  return std::nullopt;
}

/// taken: bytes that were read of the file whose state was `before`.
std::optional<Refusal> refuse_changed(int descriptor, const struct stat& before,
                                      std::uint64_t taken) {
  struct stat after {};
  if (!status_of(descriptor, after)) return unreadable(errno);
  if (taken != static_cast<std::uint64_t>(before.st_size) || !same_state(before, after))
    return Refusal{RefusalReason::incomplete, "the file changed while it was read"};
  return std::nullopt;
}

}  // namespace

std::variant<FileBytes, Refusal> read_file_bytes(int descriptor, std::uint64_t max_bytes,
                                                 HeadCheck head_check,
                                                 const SizeCheck& size_check) {
  struct stat before {};
  if (auto refusal = refuse_unread(descriptor, max_bytes, head_check, before))
    return *std::move(refusal);
  if (size_check)
    if (auto refusal = size_check(static_cast<std::uint64_t>(before.st_size)))
      return *std::move(refusal);
  FileBytes bytes(static_cast<std::size_t>(before.st_size));
  const ssize_t taken = read_fully(descriptor, bytes.all(), 0);
  if (taken < 0) return unreadable(errno);
  if (auto refusal = refuse_changed(descriptor, before, static_cast<std::uint64_t>(taken)))
    return *std::move(refusal);
  return bytes;
}

std::variant<std::uint64_t, Refusal> read_file_parts(
    int descriptor, std::uint64_t max_bytes, HeadCheck head_check,
    const std::function<void(std::span<const std::uint8_t>)>& take) {
  struct stat before {};
  if (auto refusal = refuse_unread(descriptor, max_bytes, head_check, before))
    return *std::move(refusal);
  constexpr std::size_t part_bytes = std::size_t{1} << 20;
  FileBytes part(std::min(part_bytes, static_cast<std::size_t>(before.st_size)));
  std::uint64_t taken = 0;
  // A file that grows for ever must have an end.
  while (taken < static_cast<std::uint64_t>(before.st_size)) {
    const ssize_t size = read_fully(descriptor, part.all(), taken);
    if (size < 0) return unreadable(errno);
    if (size == 0) break;
    take(std::span(part.all()).first(static_cast<std::size_t>(size)));
    taken += static_cast<std::uint64_t>(size);
  }
  if (auto refusal = refuse_changed(descriptor, before, taken)) return *std::move(refusal);
  return taken;
}

}  // namespace imgdedup::worker
