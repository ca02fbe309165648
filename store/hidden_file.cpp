// SPDX-License-Identifier: Apache-2.0
// A file taken out of sight within its own folder.
#include "store/hidden_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>

#include "posix/file_move.h"

namespace imgdedup::store {
namespace {

constexpr const char* hidden_prefix = ".imgdedup-moving-";
constexpr int names_to_try = 100;
constexpr std::size_t longest_name = 255;

/// "b.jpg", 17 -> "b.imgdedup-17.jpg"
std::string name_beside(const std::string& name, const std::string& mark) {
  const auto dot = name.rfind('.');
  const auto end = dot == std::string::npos || dot == 0 ? name.size() : dot;
  const std::string ending = name.substr(end);
  std::string stem = name.substr(0, end);
  const std::size_t others = mark.size() + ending.size();
  if (others >= longest_name) return mark;
  if (stem.size() + others > longest_name) stem.resize(longest_name - others);
  return stem + mark + ending;
}

}  // namespace

std::string hidden_name(DecisionId id) { return hidden_prefix + std::to_string(id); }

bool is_hidden_name(std::string_view name) { return name.starts_with(hidden_prefix); }

std::optional<DecisionId> id_from_hidden_name(std::string_view name) {
  if (!is_hidden_name(name)) return std::nullopt;
  name.remove_prefix(std::string_view(hidden_prefix).size());
  DecisionId id = 0;
  const auto [rest, error] = std::from_chars(name.data(), name.data() + name.size(), id);
  if (error != std::errc{} || rest != name.data() + name.size() || id <= 0) return std::nullopt;
  return id;
}

std::optional<matching::FileStamp> stamp_in(int directory, const std::string& name) {
  struct stat status {};
  if (::fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 ||
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

bool is_source_of(const QuarantineEntry& entry, const std::optional<matching::FileStamp>& stamp) {
  return stamp && stamp->inode == entry.stamp.inode &&
         stamp->size_bytes == entry.stamp.size_bytes && stamp->mtime_ns == entry.stamp.mtime_ns;
}

HiddenFile::HiddenFile(int directory, std::string name, DecisionId id)
    : directory_(directory), name_(std::move(name)), hidden_name_(hidden_name(id)), id_(id) {}

int HiddenFile::hide() const {
  return posix::rename_no_replace(directory_, name_, directory_, hidden_name_);
}

std::optional<matching::FileStamp> HiddenFile::stamp() const {
  return stamp_in(directory_, hidden_name_);
}

std::optional<std::string> HiddenFile::show() const {
  std::string name = name_;
  for (int i = 0; i < names_to_try; ++i) {
    const int error = posix::rename_no_replace(directory_, hidden_name_, directory_, name);
    if (error == 0) return name;
    errno = error;
    if (error != EEXIST) return std::nullopt;
    name = name_beside(
        name_, ".imgdedup-" + std::to_string(id_) + (i == 0 ? "" : "-" + std::to_string(i)));
  }
  return std::nullopt;
}

int HiddenFile::remove() const {
  return ::unlinkat(directory_, hidden_name_.c_str(), 0) == 0 ? 0 : errno;
}

}  // namespace imgdedup::store
