// SPDX-License-Identifier: Apache-2.0
// A result as a file that is there whole or not at all.
#include "batch/whole_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "posix/unique_descriptor.h"

namespace imgdedup::batch {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(int error_number, const fs::path& path) {
  throw std::system_error(error_number, std::generic_category(), "write " + path.string());
}

void write_all(int descriptor, std::span<const std::uint8_t> bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail(errno, path);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

/// A file of a name of its own beside the one it is to become; removed unless it became it.
class TemporaryFile {
 public:
  /// Nothing where none can be made there; errno says why.
  static std::optional<TemporaryFile> beside(const fs::path& target) {
    std::string name = (target.parent_path() / ".imgdedup-XXXXXX").native();
    posix::UniqueDescriptor descriptor(::mkostemp(name.data(), O_CLOEXEC));
    if (!descriptor) return std::nullopt;
    return TemporaryFile(std::move(name), std::move(descriptor));
  }
  ~TemporaryFile() {
    if (!name_.empty()) ::unlink(name_.c_str());
  }
  TemporaryFile(TemporaryFile&& other) noexcept
      : name_(std::exchange(other.name_, {})), descriptor_(std::move(other.descriptor_)) {}
  TemporaryFile& operator=(TemporaryFile&&) = delete;

  void become(const fs::path& target, std::span<const std::uint8_t> bytes, mode_t mode) {
    write_all(descriptor_.get(), bytes, target);
    if (::fchmod(descriptor_.get(), mode) != 0 || ::fsync(descriptor_.get()) != 0 ||
        ::rename(name_.c_str(), target.c_str()) != 0)
      fail(errno, target);
    name_.clear();
  }

 private:
  TemporaryFile(std::string name, posix::UniqueDescriptor descriptor)
      : name_(std::move(name)), descriptor_(std::move(descriptor)) {}

  std::string name_;
  posix::UniqueDescriptor descriptor_;
};

mode_t mode_of_new_file() {
  const mode_t mask = ::umask(0);
  ::umask(mask);
  return 0666 & ~mask;
}

/// Where the bytes will lie: the end of symbolic links, also of one that leads to nothing yet.
fs::path behind_links(const fs::path& path) {
  fs::path end = path;
  std::error_code error;
  // As many as the kernel follows.
  for (int links = 0; links < 40 && fs::is_symlink(end, error); ++links)
    end = end.parent_path() / fs::read_symlink(end, error);
  return end;
}

bool is_of_the_kernel(const fs::path& path) {
  const std::string& name = path.native();
  return name.starts_with("/dev/") || name.starts_with("/proc/");
}

void write_into(const fs::path& path, std::span<const std::uint8_t> bytes) {
  const posix::UniqueDescriptor descriptor(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY | O_CLOEXEC, 0666));
  if (!descriptor) fail(errno, path);
  write_all(descriptor.get(), bytes, path);
}

enum class InPlace : std::uint8_t { never, where_needed };

void write_file(const fs::path& path, std::span<const std::uint8_t> bytes, InPlace in_place) {
  struct stat status {};
  const bool is_there = ::stat(path.c_str(), &status) == 0;
  if (in_place == InPlace::where_needed &&
      (is_of_the_kernel(path) || (is_there && !S_ISREG(status.st_mode))))
    return write_into(path, bytes);
  // A device or a pipe must not become a file.
  if (is_there && !S_ISREG(status.st_mode)) fail(S_ISDIR(status.st_mode) ? EISDIR : EEXIST, path);
  const fs::path target = behind_links(path);
  auto file = TemporaryFile::beside(target);
  if (!file && is_there && in_place == InPlace::where_needed) return write_into(path, bytes);
  if (!file) fail(errno, path);
  file->become(target, bytes, is_there ? status.st_mode & 0777 : mode_of_new_file());
}

}  // namespace

void replace_file(const fs::path& path, std::span<const std::uint8_t> bytes) {
  write_file(path, bytes, InPlace::never);
}

void replace_or_write_file(const fs::path& path, std::span<const std::uint8_t> bytes) {
  write_file(path, bytes, InPlace::where_needed);
}

}  // namespace imgdedup::batch
