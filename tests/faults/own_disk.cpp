// SPDX-License-Identifier: Apache-2.0
// An ext4 of its own whose power can be cut.
#include "faults/own_disk.h"

#include <fcntl.h>
#include <sys/ioctl.h>

#include <cstdint>
#include <stdexcept>

#include "end_to_end/service.h"
#include "posix/unique_descriptor.h"

namespace imgdedup::testing {
namespace {

namespace fs = std::filesystem;

// <linux/ext4.h> is the kernel's own: EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH.
constexpr unsigned long shutdown_request = _IOR('X', 125, std::uint32_t);
constexpr std::uint32_t without_log_flush = 2;
constexpr std::uintmax_t size_bytes = std::uintmax_t{64} << 20;

bool run(const std::vector<std::string>& command) { return run_program(command).exit_status == 0; }

}  // namespace

OwnDisk::OwnDisk(const fs::path& base, const std::string& name)
    : image_(base / (name + ".img")), place_(base / name) {
  fs::create_directories(place_);
  write_file(image_, "");
  fs::resize_file(image_, size_bytes);
  is_mounted_ = run({"mkfs.ext4", "-q", "-F", image_.string()}) && mount();
}

OwnDisk::~OwnDisk() {
  if (is_mounted_) run({"umount", "-l", place_.string()});
}

bool OwnDisk::cut_power() const {
  const posix::UniqueDescriptor directory(
      ::open(place_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  std::uint32_t flags = without_log_flush;
  return directory && ::ioctl(directory.get(), shutdown_request, &flags) == 0;
}

void OwnDisk::mount_again() {
  is_mounted_ = !run({"umount", place_.string()});
  if (is_mounted_) throw std::runtime_error("cannot unmount " + place_.string());
  is_mounted_ = mount();
  if (!is_mounted_) throw std::runtime_error("cannot mount " + place_.string() + " again");
}

bool OwnDisk::mount() { return run({"mount", "-o", "loop", image_.string(), place_.string()}); }

}  // namespace imgdedup::testing
