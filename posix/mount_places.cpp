// SPDX-License-Identifier: Apache-2.0
// Where folders lie in their file systems, by whichever mount they are reached.
#include "posix/mount_places.h"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <optional>
#include <system_error>

#include "posix/unique_descriptor.h"

namespace imgdedup::posix {
namespace {

[[noreturn]] void fail(int error, const std::string& what) {
  throw std::system_error(error, std::generic_category(), what);
}

std::string read_whole(const std::string& path) {
  const UniqueDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) fail(errno, "cannot open " + path);
  std::string text;
  char part[16384];
  for (;;) {
    const ssize_t got = ::read(file.get(), part, sizeof part);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(errno, "cannot read " + path);
    if (got == 0) return text;
    text.append(part, static_cast<std::size_t>(got));
  }
}

/// The kernel writes blanks, line ends and backslashes as \ and three octal digits.
std::string without_escapes(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    if (text[i] == '\\' && i + 3 < text.size() &&
        std::from_chars(&text[i + 1], &text[i + 1] + 3, byte, 8).ptr == &text[i + 1] + 3) {
      plain.push_back(static_cast<char>(byte));
      i += 3;
    } else {
      plain.push_back(text[i]);
    }
  }
  return plain;
}

std::string_view take_field(std::string_view& line) {
  const auto end = line.find(' ');
  const std::string_view field = line.substr(0, end);
  line.remove_prefix(end == std::string_view::npos ? line.size() : end + 1);
  return field;
}

bool is_below(std::string_view path, std::string_view top) {
  return top == "/" || path == top || (path.starts_with(top) && path[top.size()] == '/');
}

std::string joined(std::string_view top, std::string_view rest) {
  std::string path(top == "/" ? "" : top);
  if (!rest.empty() && !rest.starts_with('/')) path += '/';
  path += rest;
  return path.empty() ? "/" : path;
}

std::string path_of(int folder) {
  const std::string link = "/proc/self/fd/" + std::to_string(folder);
  char path[PATH_MAX];
  const ssize_t size = ::readlink(link.c_str(), path, sizeof path);
  if (size < 0) fail(errno, "cannot read " + link);
  return {path, static_cast<std::size_t>(size)};
}

std::uint64_t mount_of(int folder) {
  const std::string name = "/proc/self/fdinfo/" + std::to_string(folder);
  const std::string text = read_whole(name);
  constexpr std::string_view key = "mnt_id:\t";
  const auto at = text.find(key);
  std::uint64_t id = 0;
  if (at == std::string::npos ||
      std::from_chars(text.data() + at + key.size(), text.data() + text.size(), id).ec !=
          std::errc{})
    fail(EINVAL, "no mount is named in " + name);
  return id;
}

}  // namespace

bool lies_in(const MountPlace& place, const MountPlace& region) {
  return place.file_system == region.file_system && is_below(place.path, region.path);
}

MountTable MountTable::read() { return MountTable(read_whole("/proc/self/mountinfo")); }

MountTable::MountTable(std::string_view text) {
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    Mount mount;
    const std::string_view id = take_field(line);
    if (std::from_chars(id.data(), id.data() + id.size(), mount.id).ec != std::errc{}) continue;
    (void)take_field(line);
    mount.file_system = take_field(line);
    mount.root = without_escapes(take_field(line));
    mount.point = without_escapes(take_field(line));
    if (mount.root.starts_with('/') && mount.point.starts_with('/'))
      mounts_.push_back(std::move(mount));
  }
}

MountPlace MountTable::place_at(std::uint64_t id, const std::string& path) const {
  for (const Mount& mount : mounts_)
    if (mount.id == id && is_below(path, mount.point))
      return {mount.file_system,
              joined(mount.root,
                     std::string_view(path).substr(mount.point == "/" ? 0 : mount.point.size()))};
  fail(ENOENT, "cannot find the mount of " + path);
}

MountPlace MountTable::place_of(int folder, int top, std::string_view relative) const {
  return place_at(mount_of(folder), joined(path_of(top), relative));
}

std::vector<MountPlace> MountTable::places_below(int top) const {
  const std::string path = path_of(top);
  std::vector<MountPlace> places{place_at(mount_of(top), path)};
  for (const Mount& mount : mounts_)
    if (is_below(mount.point, path)) places.push_back({mount.file_system, mount.root});
  return places;
}

}  // namespace imgdedup::posix
