// SPDX-License-Identifier: Apache-2.0
// What lets tests kill, hold and delay the service is in no release.
#include <doctest/doctest.h>

#include <cstdio>
#include <sstream>

#include "faults/fault_support.h"

using namespace imgdedup::testing;
namespace fs = std::filesystem;

namespace {

const fs::path source_directory = IMGDEDUP_SOURCE_DIR;
/// Variables of the service begin so; the one of its socket is for everybody.
constexpr std::string_view hook_prefix = "IMGDEDUPD_";
constexpr std::string_view socket_variable = "IMGDEDUPD_SOCKET";

std::set<std::string> parts_of(const std::string& joined) {
  std::set<std::string> parts;
  std::istringstream text(joined);
  for (std::string part; std::getline(text, part, ':');) parts.insert(part);
  return parts;
}

/// The names of variables in the bytes of a program or object.
std::set<std::string> hooks_in(const fs::path& path) {
  const std::string bytes = read_file(path);
  std::set<std::string> hooks;
  for (auto at = bytes.find(hook_prefix); at != std::string::npos;
       at = bytes.find(hook_prefix, at + 1)) {
    const auto end = bytes.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_", at);
    hooks.insert(bytes.substr(at, end - at));
  }
  hooks.erase(std::string(socket_variable));
  return hooks;
}

/// Sources outside of tests that speak of hooks.
std::set<std::string> hooked_sources() {
  std::set<std::string> found;
  for (const char* folder : {"batch", "config", "ctl", "daemon", "hashing", "matching", "posix",
                             "protocol", "store", "worker"})
    for (const auto& entry : fs::recursive_directory_iterator(source_directory / folder)) {
      if (!entry.is_regular_file() || entry.path().extension() != ".cpp") continue;
      const std::string text = read_file(entry.path());
      if (text.find("test_hooks.h\"") != std::string::npos ||
          text.find("IMGDEDUPD_TEST_HOOKS") != std::string::npos)
        found.insert(fs::relative(entry.path(), source_directory));
    }
  return found;
}

}  // namespace

TEST_CASE("test hooks: what is built without asking for them has none") {
  const auto objects = parts_of(OBJECTS_WITHOUT_HOOKS);
  // A source that is not in this list is not looked at. CMake makes the list: after a hook in a
  // new place it has to run again.
  CHECK(parts_of(HOOKED_SOURCES) == hooked_sources());
  CHECK(objects.size() == hooked_sources().size());
  for (const std::string& object : objects) {
    INFO(object);
    CHECK(hooks_in(object) == std::set<std::string>{});
    CHECK(count_of(read_file(object), "test_point") == 0);
  }
  const auto hooks = hooks_in(IMGDEDUPD_PATH);
  // That they would be seen: the service of these tests has them.
  CHECK(hooks.contains("IMGDEDUPD_CRASH_AT"));
  CHECK(hooks.contains("IMGDEDUPD_PAUSE_AT"));
  CHECK(hooks.contains("IMGDEDUPD_CB_DELAY_US"));
  std::printf("test hooks: %zu in this build, none in %zu objects built without them\n",
              hooks.size(), objects.size());
}

TEST_CASE("test hooks: a build asks for them, none has them by itself") {
  const std::string lists = read_file(source_directory / "CMakeLists.txt");
  const auto option = lists.find("option(IMGDEDUP_TEST_HOOKS");
  REQUIRE(option != std::string::npos);
  CHECK(lists.substr(option, lists.find('\n', option) - option).ends_with(" OFF)"));
  const fs::path release = source_directory / "build/imgdedupd";
  if (!fs::exists(release)) {
    std::printf("SKIPPED: the release's own imgdedupd (build/imgdedupd is not built)\n");
    return;
  }
  CHECK(hooks_in(release) == std::set<std::string>{});
}
