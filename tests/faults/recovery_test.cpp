// SPDX-License-Identifier: Apache-2.0
// What a start makes of a quarantine that is not as the catalog has it.
#include <doctest/doctest.h>
#include <signal.h>

#include "faults/fault_support.h"

using namespace imgdedup::testing;
namespace fs = std::filesystem;

namespace {

constexpr const char* quarantine_exact = "actions: {exact: quarantine}\n";

}  // namespace

TEST_CASE("m2-race: what a crash left half moved does not follow a link out of the folder") {
  Service service(quarantine_exact);
  write_file(service.root() / "a.jpg", jpeg(1));
  service.start({{"IMGDEDUPD_CRASH_AT", "after_rename"}});
  write_file(service.root() / "sub/b.jpg", jpeg(1));
  CHECK(service.wait_for_end() == 128 + SIGKILL);
  const fs::path foreign = service.base() / "foreign";
  fs::create_directory(foreign);
  fs::rename(service.root() / "sub", service.base() / "elsewhere");
  fs::create_directory_symlink(foreign, service.root() / "sub");
  service.start();
  service.sync();
  CHECK(fs::is_empty(foreign));
  auto entries = service.list("quarantine.list");
  REQUIRE(entries.size() == 1);
  CHECK(read_file(entries[0]["quarantine_path"].get<std::string>()) == jpeg(1));
  CHECK(service.service_log().find("a link lies where its folder was") != std::string::npos);

  fs::remove(service.root() / "sub");
  CHECK(service.ctl({"quarantine", "restore", "--all"}).exit_status == 0);
  CHECK(read_file(service.root() / "sub/b.jpg") == jpeg(1));
}
