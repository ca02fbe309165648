// SPDX-License-Identifier: Apache-2.0
// An ext4 of its own whose power can be cut.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace imgdedup::testing {

/// An ext4 of 64 MiB in a file, mounted while the object lives, where this user may do that.
class OwnDisk {
 public:
  /// The file `base`/NAME.img, mounted on `base`/NAME.
  explicit OwnDisk(const std::filesystem::path& base, const std::string& name = "disk");
  ~OwnDisk();
  OwnDisk(const OwnDisk&) = delete;
  OwnDisk& operator=(const OwnDisk&) = delete;

  [[nodiscard]] bool is_mounted() const { return is_mounted_; }
  [[nodiscard]] const std::filesystem::path& place() const { return place_; }
  /// What was not synced is lost; the file system answers only with errors from here on. False
  /// where this cannot be done.
  [[nodiscard]] bool cut_power() const;
  /// After cut_power() and the end of those who use it. Throws std::runtime_error.
  void mount_again();

 private:
  bool mount();

  std::filesystem::path image_;
  std::filesystem::path place_;
  bool is_mounted_ = false;
};

}  // namespace imgdedup::testing
