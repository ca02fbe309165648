// SPDX-License-Identifier: Apache-2.0
// The bytes of one file to another.
#include "posix/file_copy.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <system_error>
#include <vector>

#include "posix/file_status.h"

namespace imgdedup::posix {
namespace {

constexpr std::size_t block_bytes = std::size_t{1} << 18;
constexpr std::size_t kernel_copy_bytes = std::size_t{1} << 24;

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

/// As many bytes as there are up to the size of `block`.
std::size_t read_block(int file, std::vector<char>& block, std::uint64_t offset) {
  std::size_t count = 0;
  while (count < block.size()) {
    const ssize_t got = ::pread(file, block.data() + count, block.size() - count,
                                static_cast<off_t>(offset + count));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail("cannot be read");
    if (got == 0) break;
    count += static_cast<std::size_t>(got);
  }
  return count;
}

void write_block(int file, const char* bytes, std::size_t count, std::uint64_t offset) {
  while (count > 0) {
    const ssize_t put = ::pwrite(file, bytes, count, static_cast<off_t>(offset));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) fail("cannot be written");
    bytes += put;
    count -= static_cast<std::size_t>(put);
    offset += static_cast<std::uint64_t>(put);
  }
}

void go_on(const std::function<bool()>& may_go_on) {
  if (may_go_on()) return;
  errno = ECANCELED;
  fail("is not copied any further");
}

/// How far the kernel came by itself: it may give up anywhere, and some file systems do at once.
std::uint64_t copy_in_kernel(int from, int to, const std::function<bool()>& may_go_on) {
  std::uint64_t copied = 0;
  for (;;) {
    go_on(may_go_on);
    auto source = static_cast<loff_t>(copied), target = source;
    const ssize_t count = ::copy_file_range(from, &source, to, &target, kernel_copy_bytes, 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && (errno == ENOSPC || errno == EDQUOT || errno == EIO || errno == EFBIG))
      fail("cannot be copied");
    if (count <= 0) return copied;
    copied += static_cast<std::uint64_t>(count);
  }
}

}  // namespace

std::uint64_t copy_file_bytes(int from, int to, const std::function<bool()>& may_go_on) {
  if (::ioctl(to, FICLONE, from) == 0) return static_cast<std::uint64_t>(status_of(to).size_bytes);
  std::uint64_t copied = copy_in_kernel(from, to, may_go_on);
  std::vector<char> block(block_bytes);
  for (;;) {
    go_on(may_go_on);
    const std::size_t count = read_block(from, block, copied);
    write_block(to, block.data(), count, copied);
    copied += count;
    if (count < block.size()) return copied;
  }
}

bool same_file_bytes(int left, int right) {
  std::vector<char> left_block(block_bytes), right_block(block_bytes);
  for (std::uint64_t offset = 0;; offset += block_bytes) {
    const std::size_t left_count = read_block(left, left_block, offset);
    const std::size_t right_count = read_block(right, right_block, offset);
    if (left_count != right_count ||
        std::memcmp(left_block.data(), right_block.data(), left_count) != 0)
      return false;
    if (left_count < block_bytes) return true;
  }
}

bool begins_with_file_bytes(int whole, int beginning) {
  std::vector<char> block(block_bytes), part(block_bytes);
  for (std::uint64_t offset = 0;; offset += block_bytes) {
    const std::size_t part_count = read_block(beginning, part, offset);
    if (read_block(whole, block, offset) < part_count ||
        std::memcmp(block.data(), part.data(), part_count) != 0)
      return false;
    if (part_count < block_bytes) return true;
  }
}

}  // namespace imgdedup::posix
