// SPDX-License-Identifier: Apache-2.0
// One folder is one place, by whichever mount it is reached.
#include "posix/mount_places.h"

#include <doctest/doctest.h>
#include <sys/mount.h>

#include <algorithm>
#include <cstdio>

#include "posix/safe_open.h"
#include "support/temporary_directory.h"

using namespace imgdedup;
using namespace imgdedup::testing;
using posix::lies_in;
using posix::MountPlace;
using posix::MountTable;
namespace fs = std::filesystem;

namespace {

MountPlace place_of(const fs::path& top, const std::string& relative = "") {
  const posix::Opened root = posix::open_root(top.string());
  REQUIRE(root);
  const posix::Opened folder = posix::open_directory_beneath(root.descriptor.get(), relative);
  REQUIRE(folder);
  return MountTable::read().place_of(folder.descriptor.get(), root.descriptor.get(), relative);
}

std::vector<MountPlace> places_below(const fs::path& top) {
  const posix::Opened root = posix::open_root(top.string());
  REQUIRE(root);
  return MountTable::read().places_below(root.descriptor.get());
}

bool lies_in_one(const MountPlace& place, const std::vector<MountPlace>& regions) {
  return std::ranges::any_of(regions, [&](const auto& region) { return lies_in(place, region); });
}

}  // namespace

TEST_CASE("a place lies in its own folder and those above, and in no namesake") {
  CHECK(lies_in({"8:1", "/a/b"}, {"8:1", "/a"}));
  CHECK(lies_in({"8:1", "/a"}, {"8:1", "/a"}));
  CHECK(lies_in({"8:1", "/a"}, {"8:1", "/"}));
  CHECK(lies_in({"8:1", "/"}, {"8:1", "/"}));
  CHECK_FALSE(lies_in({"8:1", "/ab"}, {"8:1", "/a"}));
  CHECK_FALSE(lies_in({"8:1", "/a"}, {"8:1", "/a/b"}));
  CHECK_FALSE(lies_in({"8:2", "/a/b"}, {"8:1", "/a"}));
}

TEST_CASE("a link and its folder are one place, and what lies below is told from it") {
  const TemporaryDirectory base;
  fs::create_directories(base / "photos/deep");
  fs::create_directory_symlink(base / "photos", base / "link");
  CHECK(place_of(base / "link", "deep") == place_of(base / "photos", "deep"));
  CHECK(place_of(base / "link/deep") == place_of(base / "photos", "deep"));
  CHECK(lies_in_one(place_of(base / "link", "deep"), places_below(base / "photos")));
  CHECK_FALSE(lies_in_one(place_of(base / "photos"), places_below(base / "photos/deep")));
}

TEST_CASE("a folder shown by a second mount is the same place") {
  const TemporaryDirectory base;
  const fs::path shown = base / "an odd\nname \\040";
  fs::create_directories(base / "archive/y/z");
  fs::create_directories(shown);
  if (::mount((base / "archive/y").c_str(), shown.c_str(), nullptr, MS_BIND, nullptr) != 0) {
    std::printf("SKIPPED: a folder shown by a second mount (this user may not mount)\n");
    return;
  }
  CHECK(place_of(shown, "z") == place_of(base / "archive", "y/z"));
  CHECK(place_of(shown) == place_of(base / "archive/y"));
  CHECK(lies_in_one(place_of(base.path(), shown.filename().string() + "/z"),
                    places_below(base / "archive")));
  // What is mounted below a folder lies in it as well.
  CHECK(lies_in_one(place_of(base / "archive/y/z"), places_below(shown)));
  CHECK(lies_in_one(place_of(base / "archive", "y"), places_below(base.path())));
  CHECK_FALSE(lies_in_one(place_of(base / "archive"), places_below(shown)));
  ::umount2(shown.c_str(), MNT_DETACH);
}

TEST_CASE("what is no line of mountinfo is passed over") {
  const MountTable table("\n\nnonsense\n1 2\n1 0 8:1 / / rw - ext4 /dev/sda1 rw");
  const posix::Opened root = posix::open_root("/proc");
  REQUIRE(root);
  // The mount of /proc is in none of these lines.
  CHECK_THROWS_AS((void)table.place_of(root.descriptor.get(), root.descriptor.get(), ""),
                  std::system_error);
}
