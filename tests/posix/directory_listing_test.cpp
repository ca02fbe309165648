// SPDX-License-Identifier: Apache-2.0
// Listing a directory: every entry, as it is, links not followed.
#include "posix/directory_listing.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <map>
#include <string>
#include <system_error>
#include <thread>

#include "posix/unique_descriptor.h"
#include "support/temporary_directory.h"

namespace imgdedup::posix {
namespace {

using testing::TemporaryDirectory;
using testing::write_file;

UniqueDescriptor open_directory(const std::filesystem::path& path, int flags = O_RDONLY) {
  return UniqueDescriptor(::open(path.c_str(), flags | O_DIRECTORY | O_CLOEXEC));
}

std::map<std::string, DirectoryEntry> listed(int directory) {
  std::map<std::string, DirectoryEntry> entries;
  for (DirectoryEntry& entry : list_directory(directory)) entries[entry.name] = std::move(entry);
  return entries;
}

TEST_CASE("a listing gives type and status of every entry") {
  TemporaryDirectory root;
  write_file(root / "file.jpg", "12345");
  write_file(root / "bad\xff.jpg", "");
  std::filesystem::create_hard_link(root / "file.jpg", root / "other name.jpg");
  std::filesystem::create_directory(root / "folder");
  std::filesystem::create_symlink("absent", root / "link");
  REQUIRE(::mkfifo((root / "fifo").c_str(), 0600) == 0);
  const timespec times[2] = {{.tv_sec = 5, .tv_nsec = 0}, {.tv_sec = 1'600'000'000, .tv_nsec = 7}};
  REQUIRE(::utimensat(AT_FDCWD, (root / "file.jpg").c_str(), times, 0) == 0);

  const UniqueDescriptor directory = open_directory(root.path());
  auto entries = listed(directory.get());
  REQUIRE(entries.size() == 6);
  const DirectoryEntry& file = entries.at("file.jpg");
  CHECK(file.type == EntryType::regular);
  CHECK(file.error == 0);
  CHECK(file.status.is_regular);
  CHECK(file.status.size_bytes == 5);
  CHECK(file.status.hard_links == 2);
  CHECK(file.status.mtime_ns == 1'600'000'000'000'000'007);
  CHECK(file.status == entries.at("other name.jpg").status);
  CHECK(entries.at("folder").type == EntryType::directory);
  CHECK(entries.at("folder").status.is_directory);
  CHECK(entries.at("link").type == EntryType::symbolic_link);
  CHECK(entries.at("fifo").type == EntryType::other);
  CHECK(entries.contains("bad\xff.jpg"));

  struct stat status;
  REQUIRE(::stat((root / "file.jpg").c_str(), &status) == 0);
  CHECK(file.status.device == status.st_dev);
  CHECK(file.status.inode == status.st_ino);
  const UniqueDescriptor opened(::open((root / "file.jpg").c_str(), O_RDONLY | O_CLOEXEC));
  CHECK(status_of(opened.get()) == file.status);
}

TEST_CASE("a directory can be listed again and through O_PATH") {
  TemporaryDirectory root;
  write_file(root / "a", "");
  const UniqueDescriptor directory = open_directory(root.path());
  CHECK(list_directory(directory.get()).size() == 1);
  write_file(root / "b", "");
  CHECK(list_directory(directory.get()).size() == 2);
  CHECK(list_directory(open_directory(root.path(), O_PATH).get()).size() == 2);
}

TEST_CASE("entries that vanish during the listing are left out, the others are all there") {
  TemporaryDirectory root;
  for (int i = 0; i < 50; ++i) write_file(root / ("stays" + std::to_string(i)), "");
  std::atomic<bool> stop = false;
  std::thread churner([&] {
    for (int i = 0; !stop; ++i) {
      write_file(root / "comes and goes", "");
      std::filesystem::remove(root / "comes and goes");
    }
  });
  const UniqueDescriptor directory = open_directory(root.path());
  for (int round = 0; round < 200; ++round) {
    const auto entries = list_directory(directory.get());
    CHECK(std::ranges::count_if(entries, [](const DirectoryEntry& entry) {
            return entry.name.starts_with("stays");
          }) == 50);
    for (const DirectoryEntry& entry : entries) CHECK(entry.error == 0);
  }
  stop = true;
  churner.join();
}

TEST_CASE("a descriptor that is no directory is a system error") {
  TemporaryDirectory root;
  write_file(root / "file", "");
  const UniqueDescriptor file(::open((root / "file").c_str(), O_RDONLY | O_CLOEXEC));
  CHECK_THROWS_AS(list_directory(file.get()), std::system_error);
  CHECK_THROWS_AS(status_of(-1), std::system_error);
}

}  // namespace
}  // namespace imgdedup::posix
