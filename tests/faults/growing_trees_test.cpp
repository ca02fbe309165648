// SPDX-License-Identifier: Apache-2.0
// Trees that grow while they are found: no directory is listed before it is watched.
#include <doctest/doctest.h>

#include <cstdio>

#include "faults/fault_support.h"

using namespace imgdedup::testing;
namespace fs = std::filesystem;

namespace {

bool has_program(const std::string& name) {
  return run_program({"sh", "-c", "command -v " + name}).exit_status == 0;
}

bool runs(const std::vector<std::string>& command) { return run_program(command).exit_status == 0; }

/// `trees` times "mkdir a; f; mkdir a/b; f; mkdir a/b/c; f f f".
void grow_trees(const fs::path& root, int trees) {
  for (int i = 0; i < trees; ++i) {
    const fs::path a = root / ("a" + std::to_string(i));
    fs::create_directories(a);
    write_small_file(a / "1.txt", "x");
    fs::create_directory(a / "b");
    write_small_file(a / "b/2.txt", "x");
    fs::create_directory(a / "b/c");
    for (const char* name : {"3.txt", "4.txt", "5.txt"}) write_small_file(a / "b/c" / name, "x");
  }
}

void check_all_is_known_and_watched(Service& service, const char* how) {
  check_files_become_known(service, std::chrono::seconds(180));
  wait_until([&] { return service.call("status")["queue_dirs"] == 0; }, "the listings to end",
             std::chrono::seconds(60));
  const auto status = service.call("status");
  CHECK(status["watches"] == status["roots"][0]["directories"]);
  CHECK(status["overflows"] == 0);
  std::printf("w2-mkdir-race: %s: %zu files in %llu directories, all known and watched\n", how,
              files_on_disk(service.root()).size(), status["watches"].get<unsigned long long>());
}

}  // namespace

TEST_CASE("w2-mkdir-race: trees that grow while they are found are found whole") {
  Service service;
  const auto disk = quick_root(service);
  service.start();
  service.sync();
  // A third of the recipe's thousand, for machines under load.
  grow_trees(service.root(), 333);
  check_all_is_known_and_watched(service, "mkdir");
}

TEST_CASE("w2-mkdir-race: trees that programs unpack, copy and check out are found whole") {
  Service service;
  const auto disk = quick_root(service);
  grow_trees(service.base() / "source", 200);
  const std::string source = service.base() / "source";
  const fs::path root = service.root();
  service.start();
  service.sync();
  SUBCASE("cp -r, and trees moved") {
    REQUIRE(runs({"cp", "-r", source, root / "copy"}));
    fs::create_directory(root / "into");
    fs::rename(root / "copy/a1", root / "into/moved");
    fs::rename(root / "copy", root / "into/all");
    check_all_is_known_and_watched(service, "cp -r, mv");
  }
  SUBCASE("tar") {
    REQUIRE(runs({"tar", "-C", source, "-cf", service.base() / "t.tar", "."}));
    fs::create_directory(root / "unpacked");
    REQUIRE(runs({"tar", "-C", root / "unpacked", "-xf", service.base() / "t.tar"}));
    check_all_is_known_and_watched(service, "tar x");
  }
  SUBCASE("unzip") {
    if (!has_program("zip") || !has_program("unzip")) {
      std::printf("SKIPPED: w2-mkdir-race by unzip (no zip or unzip here)\n");
      return;
    }
    REQUIRE(runs({"sh", "-c", "cd '" + source + "' && zip -q -r ../t.zip ."}));
    REQUIRE(runs({"unzip", "-q", service.base() / "t.zip", "-d", root / "unzipped"}));
    check_all_is_known_and_watched(service, "unzip");
  }
  SUBCASE("git clone") {
    if (!has_program("git")) {
      std::printf("SKIPPED: w2-mkdir-race by git clone (no git here)\n");
      return;
    }
    const std::string git = "git -c user.name=t -c user.email=t@example.org ";
    REQUIRE(runs(
        {"sh", "-c",
         "cd '" + source + "' && git init -q . && " + git + "add . && " + git + "commit -q -m t"}));
    REQUIRE(runs({"git", "clone", "-q", source, root / "clone"}));
    check_all_is_known_and_watched(service, "git clone");
  }
}
