// SPDX-License-Identifier: Apache-2.0
// Renaming without replacing, and what lies where.
#include "posix/file_move.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "posix/mount_info.h"
#include "posix/unique_descriptor.h"
#include "support/temporary_directory.h"

namespace imgdedup::posix {
namespace {

using testing::read_file;
using testing::TemporaryDirectory;
using testing::write_file;

UniqueDescriptor open_directory(const std::filesystem::path& path) {
  return UniqueDescriptor(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
}

TEST_CASE("a file moves to a free name and never over another file") {
  TemporaryDirectory root;
  write_file(root / "from/a.jpg", "a");
  write_file(root / "from/b.jpg", "b");
  std::filesystem::create_directory(root / "to");
  const UniqueDescriptor from = open_directory(root / "from");
  const UniqueDescriptor to = open_directory(root / "to");
  CHECK(rename_no_replace(from.get(), "a.jpg", to.get(), "kept.jpg") == 0);
  CHECK(read_file(root / "to/kept.jpg") == "a");
  CHECK_FALSE(std::filesystem::exists(root / "from/a.jpg"));
  CHECK(rename_no_replace(from.get(), "b.jpg", to.get(), "kept.jpg") == EEXIST);
  CHECK(read_file(root / "to/kept.jpg") == "a");
  CHECK(read_file(root / "from/b.jpg") == "b");
  CHECK(rename_no_replace(from.get(), "absent", to.get(), "x") == ENOENT);
}

TEST_CASE("the kind of a file system is known by its magic") {
  const UniqueDescriptor proc = open_directory("/proc");
  const FileSystem system = file_system_of(proc.get());
  CHECK(system.magic == 0x9FA0);
  CHECK_FALSE(system.is_remote);
  CHECK(is_remote_magic(0x6969));
  CHECK(is_remote_magic(0xFE534D42));
  CHECK(is_remote_magic(0xFF534D42));
  CHECK(is_remote_magic(0x65735546));
  CHECK(is_remote_magic(0x01021997));
  CHECK(is_remote_magic(0x794C7630));
  CHECK_FALSE(is_remote_magic(0xEF53));
  CHECK(file_system_name(0x6969) == "nfs");
  CHECK(file_system_name(12345).empty());
  CHECK_THROWS_AS(file_system_of(-1), std::system_error);
}

TEST_CASE("two directories of one file system have one id") {
  TemporaryDirectory root;
  std::filesystem::create_directory(root / "a");
  const UniqueDescriptor parent = open_directory(root.path());
  const UniqueDescriptor child = open_directory(root / "a");
  CHECK(file_system_of(parent.get()) == file_system_of(child.get()));
}

}  // namespace
}  // namespace imgdedup::posix
