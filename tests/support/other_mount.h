// SPDX-License-Identifier: Apache-2.0
// A directory on another mount than the usual temporary ones.
#pragma once

#include <stdlib.h>
#include <sys/stat.h>

#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>
#include <string_view>

#include "support/failure_listener.h"

namespace imgdedup::testing {

/// A directory of its own on the shared memory of the machine, where that is another mount than the
/// one of temporary files; removed at the end, unless the test has failed.
class OtherMount {
 public:
  /// what: the test that is skipped where there is none.
  explicit OtherMount(std::string_view what) {
    struct stat here {
    }, there{};
    const auto temporary = std::filesystem::temp_directory_path();
    std::string name = "/dev/shm/imgdedup-test-XXXXXX";
    if (::stat(temporary.c_str(), &here) == 0 && ::stat("/dev/shm", &there) == 0 &&
        here.st_dev != there.st_dev && ::mkdtemp(name.data()))
      path_ = name;
    else
      std::printf("SKIPPED: %s (no second mount here)\n", std::string(what).c_str());
  }
  ~OtherMount() {
    if (path_.empty()) return;
    if (std::uncaught_exceptions() > 0 || current_test_failed()) {
      std::fprintf(stderr, "kept: %s\n", path_.c_str());
      return;
    }
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  OtherMount(const OtherMount&) = delete;
  OtherMount& operator=(const OtherMount&) = delete;

  [[nodiscard]] bool is_there() const { return !path_.empty(); }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace imgdedup::testing
