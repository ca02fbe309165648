// SPDX-License-Identifier: Apache-2.0
#include "posix/file_copy.h"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <string>
#include <system_error>

#include "posix/unique_descriptor.h"
#include "support/temporary_directory.h"

using namespace imgdedup::posix;
using namespace imgdedup::testing;

namespace {

UniqueDescriptor opened(const std::filesystem::path& path, int flags = O_RDONLY) {
  UniqueDescriptor file(::open(path.c_str(), flags | O_CLOEXEC, 0600));
  REQUIRE(file);
  return file;
}

std::string bytes_of_length(std::size_t length) {
  std::string bytes(length, '\0');
  for (std::size_t i = 0; i < length; ++i) bytes[i] = static_cast<char>(i * 7 + i / 251);
  return bytes;
}

}  // namespace

TEST_CASE("a copy has all bytes of the file, at every length around a block") {
  const TemporaryDirectory directory;
  for (const std::size_t length : {0, 1, 262143, 262144, 262145, 1000000}) {
    CAPTURE(length);
    const std::string bytes = bytes_of_length(length);
    write_file(directory / "from", bytes);
    const auto from = opened(directory / "from");
    CHECK(copy_file_bytes(from.get(),
                          opened(directory / "to", O_WRONLY | O_CREAT | O_TRUNC).get()) == length);
    CHECK(read_file(directory / "to") == bytes);
    CHECK(same_file_bytes(from.get(), opened(directory / "to").get()));
  }
}

TEST_CASE("files of which the kernel copies nothing are read and written") {
  const TemporaryDirectory directory;
  // Says that it has no bytes, and has some.
  const auto from = opened("/proc/self/status");
  const auto to = opened(directory / "to", O_RDWR | O_CREAT);
  CHECK(copy_file_bytes(from.get(), to.get()) > 0);
  CHECK(read_file(directory / "to").starts_with("Name:"));
}

TEST_CASE("another byte or another length is not the same") {
  const TemporaryDirectory directory;
  const std::string bytes = bytes_of_length(600000);
  write_file(directory / "a", bytes);
  std::string other = bytes;
  other[500000] ^= 1;
  write_file(directory / "b", other);
  write_file(directory / "c", bytes.substr(0, 599999));
  const auto a = opened(directory / "a");
  CHECK(same_file_bytes(a.get(), a.get()));
  CHECK(!same_file_bytes(a.get(), opened(directory / "b").get()));
  CHECK(!same_file_bytes(a.get(), opened(directory / "c").get()));
}

TEST_CASE("a file that cannot be read or written is an error") {
  const TemporaryDirectory directory;
  write_file(directory / "a", "bytes");
  const auto folder = opened(directory.path(), O_RDONLY | O_DIRECTORY);
  const auto a = opened(directory / "a");
  CHECK_THROWS_AS(copy_file_bytes(folder.get(), opened("/dev/null", O_WRONLY).get()),
                  std::system_error);
  CHECK_THROWS_AS(copy_file_bytes(a.get(), opened("/dev/full", O_WRONLY).get()), std::system_error);
}

TEST_CASE("a copying that may not go on ends") {
  const TemporaryDirectory directory;
  write_file(directory / "from", bytes_of_length(100));
  const UniqueDescriptor from = opened(directory / "from");
  const UniqueDescriptor to = opened(directory / "to", O_RDWR | O_CREAT);
  try {
    // Where blocks are shared there is nothing to break off.
    const std::uint64_t copied = copy_file_bytes(from.get(), to.get(), [] { return false; });
    CHECK(copied == 100);
  } catch (const std::system_error& error) {
    CHECK(error.code() == std::errc::operation_canceled);
  }
}
