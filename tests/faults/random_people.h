// SPDX-License-Identifier: Apache-2.0
// What people and their programs do in watched folders, at random, and what is to be there then.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "faults/random_store.h"
#include "posix/unique_descriptor.h"
#include "support/temporary_directory.h"

namespace imgdedup::testing {

/// In the folders r0 and r1 of `base_`. Every file that it writes or destroys is counted by inode.
class RandomPeople {
 protected:
  explicit RandomPeople(std::uint64_t seed) : random_(seed) {}

  std::size_t below(std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_);
  }
  bool one_in(std::size_t chances) { return below(chances) == 0; }
  template <std::size_t count>
  const char* some_of(const char* const (&names)[count]) {
    return names[below(count)];
  }
  void say(const std::string& words) { said_ += words + "; "; }

  std::string some_bytes() { return "content " + std::to_string(below(8)); }
  std::filesystem::path some_path() {
    return base_ / (one_in(3) ? "r1" : "r0") / ("d" + std::to_string(below(3))) /
           ("f" + std::to_string(below(8)) + ".jpg");
  }
  std::vector<std::filesystem::path> files_in_roots() const {
    std::vector<std::filesystem::path> files;
    for (const char* name : {"r0", "r1"})
      for (auto entry = std::filesystem::recursive_directory_iterator(base_ / name);
           entry != std::filesystem::recursive_directory_iterator(); ++entry) {
        if (entry->is_directory() && is_quarantine(entry->path()))
          entry.disable_recursion_pending();
        else if (entry->is_regular_file() && !entry->path().filename().string().starts_with('.'))
          files.push_back(entry->path());
      }
    std::sort(files.begin(), files.end());
    return files;
  }
  bool is_quarantine(const std::filesystem::path& path) const {
    const std::string name = path.filename();
    return name == ".imgdedup-quarantine" || name == "kept";
  }
  /// A file that nobody can reach any more.
  void destroy(const std::filesystem::path& path) {
    struct stat status {};
    REQUIRE(::lstat(path.c_str(), &status) == 0);
    if (status.st_nlink == 1) --expected_[*bytes_at(path)];
    std::filesystem::remove(path);
  }
  void put(const std::filesystem::path& path, const std::string& bytes) {
    const std::filesystem::path fresh = base_ / "fresh";
    write_file(fresh, bytes);
    std::filesystem::create_directories(path.parent_path());
    ++expected_[bytes];
    if (::renameat2(AT_FDCWD, fresh.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE) == 0) return;
    REQUIRE(::renameat2(AT_FDCWD, fresh.c_str(), AT_FDCWD, path.c_str(), RENAME_EXCHANGE) == 0);
    destroy(fresh);
  }
  void edit(const std::filesystem::path& path, const std::string& bytes) {
    // One that is leased this moment says no, and its holder learns of it.
    const posix::UniqueDescriptor file(
        ::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC));
    if (!file) return;
    --expected_[*bytes_at(path)];
    REQUIRE(::ftruncate(file.get(), 0) == 0);
    REQUIRE(::pwrite(file.get(), bytes.data(), bytes.size(), 0) ==
            static_cast<ssize_t>(bytes.size()));
    ++expected_[bytes];
  }

  void user_does_something() {
    const auto files = files_in_roots();
    const std::size_t choice = files.empty() ? 0 : below(14);
    if (choice < 4 && files.size() < 40) {
      const std::filesystem::path path = some_path();
      say("put " + path.string());
      put(path, some_bytes());
      return;
    }
    if (files.empty()) return;
    const std::filesystem::path file = files[below(files.size())];
    const std::filesystem::path path = some_path();
    if (choice < 6) {
      say("copy " + file.string() + " " + path.string());
      put(path, *bytes_at(file));
    } else if (choice == 6) {
      say("edit " + file.string());
      edit(file, some_bytes());
    } else if (choice < 10) {
      say("delete " + file.string());
      destroy(file);
    } else if (choice == 10) {
      say("rename " + file.string() + " " + path.string());
      std::filesystem::create_directories(path.parent_path());
      (void)::renameat2(AT_FDCWD, file.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE);
    } else if (choice == 11) {
      say("link " + file.string() + " " + path.string());
      std::error_code ignored;
      std::filesystem::create_directories(path.parent_path());
      std::filesystem::create_hard_link(file, path, ignored);
    } else if (choice == 12) {
      say("touch " + file.string());
      std::filesystem::last_write_time(file, std::filesystem::file_time_type::clock::now());
    } else {
      say("swap folders");
      const std::filesystem::path a = base_ / "r0" / ("d" + std::to_string(below(3)));
      const std::filesystem::path b = base_ / "r0" / ("d" + std::to_string(below(3)));
      (void)::renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE);
    }
  }

  std::mt19937_64 random_;
  std::filesystem::path base_;
  std::map<std::string, int> expected_;  ///< copies of each content, wherever they lie
  std::string said_;                     ///< what was done in this step
};

}  // namespace imgdedup::testing
