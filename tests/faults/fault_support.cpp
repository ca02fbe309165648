// SPDX-License-Identifier: Apache-2.0
// What the tests of faults share.
#include "faults/fault_support.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <stdexcept>
#include <thread>

#include "support/drawn_pictures.h"

namespace imgdedup::testing {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t shown = 5;

std::string first_few(const std::set<std::string>& all, const std::set<std::string>& without) {
  std::string text;
  std::size_t count = 0;
  for (const std::string& path : all)
    if (!without.contains(path) && ++count <= shown) text += "\n  " + path;
  return std::to_string(count) + text;
}

}  // namespace

std::set<std::string> files_on_disk(const fs::path& root) {
  std::set<std::string> files;
  std::error_code error;
  fs::recursive_directory_iterator entry(root, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename();
    if (name.starts_with('.')) {
      if (entry->is_directory()) entry.disable_recursion_pending();
      continue;
    }
    if (entry->is_regular_file() && !entry->is_symlink() && !name.ends_with(".part") &&
        !name.ends_with(".tmp") && !name.ends_with("~"))
      files.insert(entry->path());
  }
  return files;
}

std::set<std::string> files_known(Service& service) {
  const ProgramResult listed = service.ctl({"files", "-0"});
  if (listed.exit_status != 0) throw std::runtime_error("files: " + listed.errors);
  std::set<std::string> files;
  std::size_t begin = 0;
  for (auto end = listed.output.find('\0'); end != std::string::npos;
       end = listed.output.find('\0', begin)) {
    files.insert(listed.output.substr(begin, end - begin));
    begin = end + 1;
  }
  return files;
}

void check_files_are_known(Service& service) {
  const auto on_disk = files_on_disk(service.root());
  const auto known = files_known(service);
  if (on_disk == known) return;
  FAIL_CHECK("missed: " << first_few(on_disk, known) << "\nimagined: " << first_few(known, on_disk)
                        << "\nof " << on_disk.size());
}

void check_files_become_known(Service& service, std::chrono::seconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (std::chrono::steady_clock::now() < deadline &&
         files_on_disk(service.root()) != files_known(service))
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  check_files_are_known(service);
}

void write_small_file(const fs::path& path, std::string_view content) {
  int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0 && errno == ENOENT) {
    fs::create_directories(path.parent_path());
    file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  }
  const posix::UniqueDescriptor owner(file);
  if (file < 0 ||
      ::write(file, content.data(), content.size()) != static_cast<ssize_t>(content.size()))
    throw std::runtime_error("cannot write " + path.string());
}

std::string jpeg(std::uint64_t seed, int quality) {
  return encode_picture(draw_picture(seed), ".jpg", quality);
}

std::pair<std::string, std::string> equally_long_pictures() {
  std::string first = encode_picture(draw_picture(1, {120, 90}), ".bmp");
  std::string second = encode_picture(draw_picture(2, {120, 90}), ".bmp");
  REQUIRE(first.size() == second.size());
  return {first, second};
}

void overwrite(const std::filesystem::path& path, const std::string& bytes) {
  const posix::UniqueDescriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  REQUIRE(::pwrite(file.get(), bytes.data(), bytes.size(), 0) ==
          static_cast<ssize_t>(bytes.size()));
}

std::string small_jpeg(std::uint64_t seed) {
  return encode_picture(draw_picture(seed, {160, 120}), ".jpg");
}

std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1))
    ++count;
  return count;
}

std::size_t count_files(const fs::path& directory, std::string_view ending) {
  std::size_t count = 0;
  if (!fs::exists(directory)) return 0;
  for (const auto& entry : fs::recursive_directory_iterator(directory))
    if (entry.is_regular_file() && entry.path().string().ends_with(ending)) ++count;
  return count;
}

HoldingPoint::HoldingPoint(const Service& service, std::string point)
    : point_(std::move(point)), fifo_(service.base() / ("held-at-" + point_)) {
  if (::mkfifo(fifo_.c_str(), 0600) != 0) throw std::runtime_error("cannot make " + fifo_);
}

std::map<std::string, std::string> HoldingPoint::environment() const {
  return {{"IMGDEDUPD_PAUSE_AT", point_ + ":" + fifo_}};
}

void HoldingPoint::wait() {
  wait_until(
      [&] {
        // Without a reader at the other end this fails.
        end_ = posix::UniqueDescriptor(::open(fifo_.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
        return static_cast<bool>(end_);
      },
      "the service to stand at " + point_);
}

void HoldingPoint::release() {
  // The service reads one byte each time; these are for all times to come.
  const std::string bytes(1000, '.');
  if (::write(end_.get(), bytes.data(), bytes.size()) < 0)
    throw std::runtime_error("cannot let the service go on from " + point_);
}

SmallMount::SmallMount(fs::path place, std::string size) : place_(std::move(place)) {
  fs::create_directories(place_);
  if (::mount("imgdedup-test", place_.c_str(), "tmpfs", 0, ("size=" + size).c_str()) != 0)
    throw std::runtime_error("cannot mount a tmpfs on " + place_.string());
  is_mounted_ = true;
}

SmallMount::~SmallMount() {
  if (is_mounted_) ::umount2(place_.c_str(), MNT_DETACH);
}

bool SmallMount::unmount() {
  if (::umount(place_.c_str()) != 0) return false;
  is_mounted_ = false;
  return true;
}

std::unique_ptr<SmallMount> quick_root(const Service& service) {
  try {
    return std::make_unique<SmallMount>(service.root(), "512m");
  } catch (const std::runtime_error&) {
    return nullptr;
  }
}

bool may_mount(std::string_view what) {
  const TemporaryDirectory directory;
  try {
    SmallMount probe(directory / "probe", "64k");
    return probe.unmount();
  } catch (const std::runtime_error&) {
    std::printf("SKIPPED: %s (this user may not mount)\n", std::string(what).c_str());
    return false;
  }
}

}  // namespace imgdedup::testing
