// SPDX-License-Identifier: Apache-2.0
// What an inotify descriptor really watches, by the kernel's own word.
#include "posix/inotify_marks.h"

#include <fcntl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <string>

#include "posix/unique_descriptor.h"

namespace imgdedup::posix {
namespace {

// The kernel's own dev_t: linux/kdev_t.h.
constexpr unsigned minor_bits = 20;

/// The hexadecimal number behind `key` in `line`.
std::optional<std::uint64_t> number_behind(std::string_view line, std::string_view key) {
  const std::size_t place = line.find(key);
  if (place == std::string_view::npos) return std::nullopt;
  const std::string_view digits = line.substr(place + key.size());
  std::uint64_t number = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
  if (parsed.ec != std::errc()) return std::nullopt;
  return number;
}

}  // namespace

std::optional<InotifyMark> inotify_mark_from(std::string_view line) {
  if (!line.starts_with("inotify ")) return std::nullopt;
  const auto watch = number_behind(line, " wd:");
  const auto inode = number_behind(line, " ino:");
  const auto device = number_behind(line, " sdev:");
  if (!watch || !inode || !device) return std::nullopt;
  return InotifyMark{static_cast<int>(*watch), *inode,
                     ::makedev(static_cast<unsigned>(*device >> minor_bits),
                               static_cast<unsigned>(*device & ((1U << minor_bits) - 1)))};
}

std::optional<std::vector<InotifyMark>> inotify_marks(int inotify) {
  const std::string path = "/proc/self/fdinfo/" + std::to_string(inotify);
  const UniqueDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return std::nullopt;
  std::vector<InotifyMark> marks;
  std::string text;
  std::array<char, 65536> buffer;
  while (true) {
    const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    if (got == 0) return marks;
    text.append(buffer.data(), static_cast<std::size_t>(got));
    std::size_t begin = 0;
    for (auto end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
      if (const auto mark = inotify_mark_from(std::string_view(text).substr(begin, end - begin)))
        marks.push_back(*mark);
      begin = end + 1;
    }
    text.erase(0, begin);
  }
}

}  // namespace imgdedup::posix
