// SPDX-License-Identifier: Apache-2.0
// A directory of its own for every test; kept and named when the test fails.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace imgdedup::testing {

/// Makes a fresh directory below $TMPDIR or /tmp; removes it at the end unless the current doctest
/// test has failed, in which case it prints where it is.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

/// Writes `bytes` to `path`, replacing what was there; makes missing parent directories.
void write_file(const std::filesystem::path& path, std::string_view bytes);
/// All bytes of `path`; throws std::system_error when it cannot be read.
std::string read_file(const std::filesystem::path& path);

}  // namespace imgdedup::testing
