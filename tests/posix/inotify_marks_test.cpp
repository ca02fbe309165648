// SPDX-License-Identifier: Apache-2.0
// What an inotify descriptor really watches.
#include "posix/inotify_marks.h"

#include <doctest/doctest.h>
#include <sys/inotify.h>
#include <sys/sysmacros.h>

#include <algorithm>

#include "posix/file_status.h"
#include "posix/safe_open.h"
#include "posix/unique_descriptor.h"
#include "support/temporary_directory.h"

using namespace imgdedup::posix;
using imgdedup::testing::TemporaryDirectory;

TEST_CASE("a line of fdinfo is a mark, or of another kind") {
  const auto mark = inotify_mark_from(
      "inotify wd:1a ino:9e7e0f0f01 sdev:800013 mask:800afce ignored_mask:0 fhandle-bytes:8");
  REQUIRE(mark);
  CHECK(*mark == InotifyMark{0x1a, 0x9e7e0f0f01, ::makedev(8, 0x13)});
  for (const char* line : {"pos:\t0", "flags:\t02004000", "", "inotify wd:1 ino:2",
                           "inotify wd:x ino:2 sdev:3", "fanotify wd:1 ino:2 sdev:3"})
    CHECK_FALSE(inotify_mark_from(line));
}

TEST_CASE("the kernel says what is watched, and no more what is watched no longer") {
  const TemporaryDirectory root;
  const UniqueDescriptor inotify(::inotify_init1(IN_CLOEXEC));
  REQUIRE(inotify);
  // More than one page of text.
  constexpr int directories = 300;
  std::vector<int> watches;
  for (int i = 0; i < directories; ++i) {
    const auto place = root / std::to_string(i);
    std::filesystem::create_directory(place);
    watches.push_back(::inotify_add_watch(inotify.get(), place.c_str(), IN_CREATE));
    REQUIRE(watches.back() >= 0);
  }
  REQUIRE(::inotify_rm_watch(inotify.get(), watches[7]) == 0);
  const auto marks = inotify_marks(inotify.get());
  REQUIRE(marks);
  CHECK(marks->size() == directories - 1);
  for (int i = 0; i < directories; ++i) {
    const auto found =
        std::ranges::find(*marks, watches[static_cast<std::size_t>(i)], &InotifyMark::watch);
    CHECK((found != marks->end()) == (i != 7));
    if (found == marks->end()) continue;
    const auto place = open_root((root / std::to_string(i)).string());
    CHECK(found->inode == status_of(place.descriptor.get()).inode);
  }
  CHECK_FALSE(inotify_marks(-1));
}
