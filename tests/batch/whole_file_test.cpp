// SPDX-License-Identifier: Apache-2.0
// Results that are there whole or not at all.
#include "batch/whole_file.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <iterator>
#include <string>
#include <system_error>

#include "posix/unique_descriptor.h"
#include "support/temporary_directory.h"

using namespace imgdedup;
using namespace imgdedup::batch;
using testing::TemporaryDirectory;
namespace fs = std::filesystem;

namespace {

/// While it lives no file grows beyond `bytes`: what a full disk does, without one.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    handler_ = ::signal(SIGXFSZ, SIG_IGN);
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    ::signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
  sighandler_t handler_ = SIG_DFL;
};

auto files_in(const fs::path& folder) {
  return std::distance(fs::directory_iterator(folder), fs::directory_iterator());
}

}  // namespace

TEST_CASE("a result that cannot be written to its end leaves what was there, and nothing else") {
  const TemporaryDirectory directory;
  testing::write_file(directory / "old.json", "before");
  const std::string large(100'000, 'x');
  {
    const FileSizeLimit limit(10'000);
    for (const char* name : {"old.json", "new.json"})
      CHECK_THROWS_AS(replace_or_write_file(directory / name, bytes_of(large)), std::system_error);
  }
  CHECK(testing::read_file(directory / "old.json") == "before");
  CHECK(files_in(directory / ".") == 1);
  replace_or_write_file(directory / "old.json", bytes_of(large));
  CHECK(testing::read_file(directory / "old.json") == large);
  CHECK(files_in(directory / ".") == 1);
}

TEST_CASE("a result keeps the mode of the file it replaces and the link it is reached by") {
  const TemporaryDirectory directory;
  testing::write_file(directory / "secret.json", "before");
  fs::permissions(directory / "secret.json", fs::perms::owner_read | fs::perms::owner_write);
  fs::create_symlink("secret.json", directory / "link.json");
  fs::create_symlink("later.json", directory / "early.json");
  replace_or_write_file(directory / "link.json", bytes_of("after"));
  replace_or_write_file(directory / "early.json", bytes_of("first"));
  CHECK(fs::is_symlink(directory / "link.json"));
  CHECK(fs::is_symlink(directory / "early.json"));
  CHECK(testing::read_file(directory / "secret.json") == "after");
  CHECK(testing::read_file(directory / "later.json") == "first");
  CHECK(fs::status(directory / "secret.json").permissions() ==
        (fs::perms::owner_read | fs::perms::owner_write));
}

TEST_CASE("a result goes into a pipe or a device, which stays one; a drawing does not") {
  const TemporaryDirectory directory;
  const auto pipe = directory / "pipe.json";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  const posix::UniqueDescriptor reader(::open(pipe.c_str(), O_RDONLY | O_NONBLOCK));
  replace_or_write_file(pipe, bytes_of("line\n"));
  std::string text(5, ' ');
  CHECK(::read(reader.get(), text.data(), text.size()) == 5);
  CHECK(text == "line\n");
  CHECK(fs::is_fifo(pipe));
  CHECK_THROWS_AS(replace_file(pipe, bytes_of("x")), std::system_error);
  CHECK_THROWS_AS(replace_or_write_file("/dev/full", bytes_of("x")), std::system_error);
  replace_or_write_file("/dev/null", bytes_of("x"));
  CHECK(fs::is_character_file("/dev/null"));
}
