// SPDX-License-Identifier: Apache-2.0
#include "posix/file_attributes.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <string>

#include "posix/unique_descriptor.h"
#include "support/temporary_directory.h"

using namespace imgdedup::posix;
using namespace imgdedup::testing;

namespace {

UniqueDescriptor made(const std::filesystem::path& path) {
  UniqueDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  REQUIRE(file);
  return file;
}

}  // namespace

TEST_CASE("a file is given mode, owner, times to the nanosecond and attributes of another") {
  const TemporaryDirectory directory;
  const UniqueDescriptor from = made(directory / "from");
  const UniqueDescriptor to = made(directory / "to");
  const bool is_root = ::geteuid() == 0;
  if (is_root) REQUIRE(::fchown(from.get(), 12345, 54321) == 0);
  REQUIRE(::fchmod(from.get(), 04751) == 0);
  const bool has_attributes = ::fsetxattr(from.get(), "user.note", "a\0b", 3, 0) == 0;
  REQUIRE(::fsetxattr(to.get(), "user.own", "stays", 5, 0) == (has_attributes ? 0 : -1));
  const timespec times[]{{1'000'000'000, 123'456'789}, {-1'000'000'000, 987'654'321}};
  REQUIRE(::futimens(from.get(), times) == 0);

  const FileAttributes attributes = attributes_of(from.get());
  CHECK(give_attributes(to.get(), attributes).empty());
  struct stat status {};
  REQUIRE(::fstat(to.get(), &status) == 0);
  CHECK((status.st_mode & 07777) == 04751);
  if (is_root) {
    CHECK(status.st_uid == 12345);
    CHECK(status.st_gid == 54321);
  }
  CHECK(status.st_atim.tv_nsec == 123'456'789);
  CHECK(status.st_mtim.tv_sec == -1'000'000'000);
  CHECK(status.st_mtim.tv_nsec == 987'654'321);
  if (!has_attributes) return;
  char value[8];
  CHECK(::fgetxattr(to.get(), "user.note", value, sizeof value) == 3);
}

TEST_CASE("what cannot be kept is named, and another's file gets no set-id bits") {
  if (::geteuid() != 0) {
    MESSAGE("skipped: only root may become another user");
    return;
  }
  const TemporaryDirectory directory;
  REQUIRE(::chmod(directory.path().c_str(), 0777) == 0);
  FileAttributes attributes;
  attributes.mode = 06755;
  attributes.owner = 0;
  REQUIRE(::seteuid(65534) == 0);
  const UniqueDescriptor to = made(directory / "to");
  const auto not_kept = give_attributes(to.get(), attributes);
  REQUIRE(::seteuid(0) == 0);
  REQUIRE(not_kept.size() == 1);
  CHECK(not_kept[0].starts_with("owner 0:0: "));
  struct stat status {};
  REQUIRE(::fstat(to.get(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0755);
}
