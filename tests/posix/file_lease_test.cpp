// SPDX-License-Identifier: Apache-2.0
// The read lease: refused exactly while somebody can write.
#include "posix/file_lease.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <string>
#include <thread>

#include "posix/unique_descriptor.h"
#include "support/temporary_directory.h"

namespace imgdedup::posix {
namespace {

using testing::TemporaryDirectory;
using testing::write_file;

UniqueDescriptor open_file(const std::string& path, int flags) {
  return UniqueDescriptor(::open(path.c_str(), flags | O_CLOEXEC));
}

LeaseOutcome lease_outcome(const std::string& path) {
  const UniqueDescriptor reader = open_file(path, O_RDONLY);
  return ReadLease(reader.get()).outcome();
}

TEST_CASE("a lease is held without writers, whoever else reads") {
  TemporaryDirectory root;
  const std::string path = root / "a.jpg";
  write_file(path, std::string(8192, 'x'));
  CHECK(lease_outcome(path) == LeaseOutcome::held);
  const UniqueDescriptor other = open_file(path, O_RDONLY);
  CHECK(lease_outcome(path) == LeaseOutcome::held);
}

TEST_CASE("a writer is seen while its descriptor or its mapping lives") {
  TemporaryDirectory root;
  const std::string path = root / "a.jpg";
  write_file(path, std::string(8192, 'x'));
  UniqueDescriptor writer = open_file(path, O_RDWR);
  CHECK(lease_outcome(path) == LeaseOutcome::writer_open);
  void* const mapping = ::mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, writer.get(), 0);
  REQUIRE(mapping != MAP_FAILED);
  writer.reset();
  CHECK(lease_outcome(path) == LeaseOutcome::writer_open);
  ::munmap(mapping, 8192);
  CHECK(lease_outcome(path) == LeaseOutcome::held);
}

TEST_CASE("a lease knows that somebody wanted to write, survives a rename, and kills nobody") {
  TemporaryDirectory root;
  const std::string path = root / "a.jpg";
  write_file(path, "x");
  const UniqueDescriptor reader = open_file(path, O_RDONLY);
  const ReadLease lease(reader.get());
  REQUIRE(lease.outcome() == LeaseOutcome::held);
  CHECK(lease.still_unbroken());
  std::filesystem::rename(path, path + ".moved");
  CHECK(lease.still_unbroken());
  const UniqueDescriptor writer = open_file(path + ".moved", O_WRONLY | O_NONBLOCK);
  CHECK_FALSE(writer);
  CHECK(errno == EAGAIN);
  CHECK_FALSE(lease.still_unbroken());
}

TEST_CASE("a waiting writer goes on when the lease is given back") {
  TemporaryDirectory root;
  const std::string path = root / "a.jpg";
  write_file(path, "x");
  const UniqueDescriptor reader = open_file(path, O_RDONLY);
  std::thread writer;
  {
    const ReadLease lease(reader.get());
    REQUIRE(lease.outcome() == LeaseOutcome::held);
    writer = std::thread([&] { CHECK(open_file(path, O_WRONLY)); });
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (lease.still_unbroken() && std::chrono::steady_clock::now() < deadline)
      std::this_thread::yield();
    CHECK_FALSE(lease.still_unbroken());
  }
  writer.join();
}

TEST_CASE("what has no leases says so") {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  const UniqueDescriptor reader(ends[0]);
  const UniqueDescriptor writer(ends[1]);
  const ReadLease lease(reader.get());
  CHECK(lease.outcome() == LeaseOutcome::unsupported);
  CHECK_FALSE(lease.still_unbroken());
}

TEST_CASE("another user's file needs a right" * doctest::skip(::geteuid() != 0)) {
  TemporaryDirectory root;
  const std::string path = root / "a.jpg";
  write_file(path, "x");
  const UniqueDescriptor reader = open_file(path, O_RDONLY);
  // Changing the effective user drops CAP_LEASE; the file stays root's.
  REQUIRE(::seteuid(65534) == 0);
  LeaseOutcome outcome{};
  {
    const ReadLease lease(reader.get());
    outcome = lease.outcome();
  }
  REQUIRE(::seteuid(0) == 0);
  CHECK(outcome == LeaseOutcome::not_permitted);
}

}  // namespace
}  // namespace imgdedup::posix
