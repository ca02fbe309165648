// SPDX-License-Identifier: Apache-2.0
// What the tests of faults share: what lies on the disk against what the service knows, and holding
// the service at a point.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "end_to_end/service.h"
#include "posix/unique_descriptor.h"

namespace imgdedup::testing {

/// Absolute paths of all regular files below `root` that the service is to know: no hidden names,
/// no temporary ones, nothing in quarantine.
std::set<std::string> files_on_disk(const std::filesystem::path& root);
/// What `imgdedupctl files -0` prints.
std::set<std::string> files_known(Service& service);
/// Waits, without asking the service to look, until it knows exactly what lies below its root;
/// then or at the deadline checks that it does, naming what is missed and what is imagined.
void check_files_become_known(Service& service,
                              std::chrono::seconds timeout = std::chrono::seconds(30));
/// The same at this moment.
void check_files_are_known(Service& service);

/// How often `part` occurs in `text`.
std::size_t count_of(std::string_view text, std::string_view part);
/// A drawn picture as a JPEG file; another one for every seed.
std::string jpeg(std::uint64_t seed, int quality = 90);
/// The same, of 160x120 pixels: where there are many.
std::string small_jpeg(std::uint64_t seed);

/// Two pictures with files of one size.
std::pair<std::string, std::string> equally_long_pictures();
/// Writes the bytes over the beginning of a file, which stays the same inode.
void overwrite(const std::filesystem::path& path, const std::string& bytes);

/// Content of a file; makes its directories. Quick: plain system calls.
void write_small_file(const std::filesystem::path& path, std::string_view content);
/// Regular files below `directory` whose names end so; 0 if there is none such.
std::size_t count_files(const std::filesystem::path& directory, std::string_view ending);

/// A place where the service stops until it is let on: IMGDEDUPD_PAUSE_AT.
class HoldingPoint {
 public:
  HoldingPoint(const Service& service, std::string point);
  /// For Service::start().
  [[nodiscard]] std::map<std::string, std::string> environment() const;
  /// Waits until the service stands there.
  void wait();
  /// Lets it go on, and not stop there any more. After wait().
  void release();

 private:
  std::string point_;
  std::string fifo_;
  posix::UniqueDescriptor end_;
};

/// A tmpfs of `size` ("1m") on `place`, for as long as the object lives.
class SmallMount {
 public:
  SmallMount(std::filesystem::path place, std::string size);
  ~SmallMount();
  SmallMount(const SmallMount&) = delete;
  SmallMount& operator=(const SmallMount&) = delete;
  /// True if it succeeded.
  bool unmount();

 private:
  std::filesystem::path place_;
  bool is_mounted_ = false;
};
/// A tmpfs on the folder that `service`, not started yet, watches: bursts of small files are then
/// not held up by a disk. nullptr where this user may not mount.
std::unique_ptr<SmallMount> quick_root(const Service& service);
/// Whether this machine lets us mount; if not, says what is skipped.
bool may_mount(std::string_view what);

}  // namespace imgdedup::testing
