// SPDX-License-Identifier: Apache-2.0
// A drawing as a PNG or JPEG file.
#include "batch/drawing_file.h"

#include <fcntl.h>
#include <strings.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>

#include "batch/jpeg_encoder.h"
#include "posix/unique_descriptor.h"

namespace imgdedup::batch {
namespace {

[[noreturn]] void fail(int error_number, const std::filesystem::path& path) {
  throw std::system_error(error_number, std::generic_category(), "write " + path.string());
}

bool has_extension(const std::filesystem::path& path, const char* extension) {
  return ::strcasecmp(path.extension().c_str(), extension) == 0;
}

/// A file of a name of its own beside the one it is to become; removed unless it became it.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::filesystem::path& target)
      : target_(target), name_((target.parent_path() / ".imgdedup-XXXXXX").native()) {
    descriptor_.reset(::mkostemp(name_.data(), O_CLOEXEC));
    if (!descriptor_) fail(errno, target);
  }
  ~TemporaryFile() {
    if (!name_.empty()) ::unlink(name_.c_str());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  void write(std::span<const std::uint8_t> bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::write(descriptor_.get(), bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) fail(errno, target_);
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
  }

  void commit() {
    const mode_t mask = ::umask(0);
    ::umask(mask);
    if (::fchmod(descriptor_.get(), 0666 & ~mask) != 0 || ::fsync(descriptor_.get()) != 0 ||
        ::rename(name_.c_str(), target_.c_str()) != 0)
      fail(errno, target_);
    name_.clear();
  }

 private:
  const std::filesystem::path& target_;
  std::string name_;
  posix::UniqueDescriptor descriptor_;
};

}  // namespace

bool has_drawing_extension(const std::filesystem::path& path) {
  return std::ranges::any_of(std::array{".png", ".jpg", ".jpeg"}, [&path](const char* extension) {
    return has_extension(path, extension);
  });
}

void replace_file(const std::filesystem::path& path, std::span<const std::uint8_t> bytes) {
  struct stat status {};
  // A device or a pipe must not become a file.
  if (::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode))
    fail(S_ISDIR(status.st_mode) ? EISDIR : EEXIST, path);
  TemporaryFile file(path);
  file.write(bytes);
  file.commit();
}

void write_drawing(const Canvas& drawing, const std::filesystem::path& path) {
  replace_file(path, has_extension(path, ".png") ? drawing.to_png() : encode_jpeg(drawing));
}

}  // namespace imgdedup::batch
