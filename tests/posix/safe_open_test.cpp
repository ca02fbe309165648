// SPDX-License-Identifier: Apache-2.0
// Opening below a root: no link is followed, no length is too much.
#include "posix/safe_open.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <filesystem>
#include <functional>
#include <string>

#include "support/temporary_directory.h"

namespace imgdedup::posix {
namespace {

using testing::TemporaryDirectory;
using testing::write_file;

struct Way {
  std::string name;
  std::function<Opened(int, std::string_view)> file;
  std::function<Opened(int, std::string_view)> directory;
};

const Way ways[] = {
    {"openat2", [](int root, std::string_view path) { return open_file_beneath(root, path); },
     [](int root, std::string_view path) { return open_directory_beneath(root, path); }},
    {"walking", [](int root, std::string_view path) { return walk_to_file_beneath(root, path); },
     [](int root, std::string_view path) { return walk_to_directory_beneath(root, path); }},
};

std::string content(const Opened& opened) {
  char bytes[64];
  const ssize_t length = ::read(opened.descriptor.get(), bytes, sizeof bytes);
  return {bytes, length > 0 ? static_cast<std::size_t>(length) : 0};
}

TEST_CASE("files and directories below the root are opened, by openat2 and by walking") {
  TemporaryDirectory root;
  write_file(root / "a/b/c.jpg", "picture");
  const Opened root_descriptor = open_root(root.path().native());
  REQUIRE(root_descriptor);
  for (const Way& way : ways) {
    CAPTURE(way.name);
    const int at = root_descriptor.descriptor.get();
    const Opened file = way.file(at, "a/b/c.jpg");
    REQUIRE(file);
    CHECK(file.error == 0);
    CHECK(content(file) == "picture");
    CHECK((::fcntl(file.descriptor.get(), F_GETFD) & FD_CLOEXEC) != 0);
    CHECK(way.file(at, "a//b/./c.jpg"));
    CHECK(way.directory(at, "a/b"));
    CHECK(way.directory(at, "a/b/"));
    CHECK(way.directory(at, ""));
    CHECK(way.directory(at, "."));
  }
  CHECK(open_file_beneath(root.path().native(), "a/b/c.jpg"));
  CHECK(open_directory_beneath(root.path().native(), "a"));
}

TEST_CASE("what cannot be opened is an errno, the same by both ways") {
  TemporaryDirectory root;
  write_file(root / "inside/c.jpg", "picture");
  write_file(root / "outside/secret.jpg", "secret");
  REQUIRE(::mkfifo((root / "inside/fifo").c_str(), 0600) == 0);
  std::filesystem::create_symlink("c.jpg", root / "inside/link.jpg");
  std::filesystem::create_directory_symlink("../outside", root / "inside/linked");
  std::filesystem::create_directory_symlink("/proc/self/root", root / "inside/magic");
  const Opened inside = open_root((root / "inside").native());
  REQUIRE(inside);
  for (const Way& way : ways) {
    CAPTURE(way.name);
    const int at = inside.descriptor.get();
    CHECK(way.file(at, "absent.jpg").error == ENOENT);
    CHECK(way.file(at, "absent/c.jpg").error == ENOENT);
    CHECK(way.file(at, "c.jpg/d.jpg").error == ENOTDIR);
    CHECK(way.file(at, "c.jpg/").error == ENOTDIR);
    CHECK(way.file(at, "link.jpg").error == ELOOP);
    CHECK(way.file(at, "linked/secret.jpg").error == ELOOP);
    CHECK(way.directory(at, "linked").error == ELOOP);
    CHECK(way.directory(at, "magic/etc").error == ELOOP);
    CHECK(way.directory(at, "c.jpg").error == ENOTDIR);
    CHECK(way.file(at, "../outside/secret.jpg").error == EXDEV);
    CHECK(way.file(at, "./../outside/secret.jpg").error == EXDEV);
    CHECK(way.directory(at, "..").error == EXDEV);
    CHECK(way.file(at, (root / "outside/secret.jpg").native()).error == EXDEV);
    CHECK(way.file(at, "fifo").error == EINVAL);
    CHECK(way.file(at, ".").error == EISDIR);
    CHECK(way.file(at, "").error == EISDIR);
    CHECK(way.file(at, std::string_view("c.jpg\0x", 7)).error == EINVAL);
    CHECK(way.file(at, std::string(300, 'n')).error == ENAMETOOLONG);
    CHECK_FALSE(way.file(at, "absent.jpg"));
  }
  CHECK(open_file_beneath((root / "gone").native(), "c.jpg").error == ENOENT);
}

TEST_CASE("a file deeper than PATH_MAX is opened") {
  TemporaryDirectory root;
  const std::string part(250, 'd');
  std::string relative;
  UniqueDescriptor here(::open(root.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (int depth = 0; depth < 20; ++depth) {
    REQUIRE(::mkdirat(here.get(), part.c_str(), 0700) == 0);
    here.reset(::openat(here.get(), part.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    REQUIRE(here);
    relative += part + "/";
  }
  const UniqueDescriptor file(
      ::openat(here.get(), "deep.jpg", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  REQUIRE(::write(file.get(), "deep", 4) == 4);
  REQUIRE(relative.size() > PATH_MAX);

  const Opened opened = open_file_beneath(root.path().native(), relative + "deep.jpg");
  REQUIRE(opened);
  CHECK(content(opened) == "deep");
  CHECK(open_directory_beneath(root.path().native(), relative));
  CHECK(open_file_beneath(root.path().native(), relative + "absent.jpg").error == ENOENT);
}

TEST_CASE("any bytes are a name") {
  TemporaryDirectory root;
  write_file(root / "bad\xff.jpg", "1");
  write_file(root / "line\nbreak.jpg", "2");
  CHECK(open_file_beneath(root.path().native(), "bad\xff.jpg"));
  CHECK(open_file_beneath(root.path().native(), "line\nbreak.jpg"));
}

TEST_CASE("the root may be reached through a link, for its owner chose the path") {
  TemporaryDirectory root;
  write_file(root / "real/c.jpg", "picture");
  std::filesystem::create_directory_symlink("real", root / "alias");
  CHECK(open_file_beneath((root / "alias").native(), "c.jpg"));
}

}  // namespace
}  // namespace imgdedup::posix
