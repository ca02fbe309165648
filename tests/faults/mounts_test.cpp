// SPDX-License-Identifier: Apache-2.0
// File systems come and go below the watched folders.
#include <doctest/doctest.h>

#include "faults/fault_support.h"
#include "support/drawn_pictures.h"

using namespace imgdedup::testing;
namespace fs = std::filesystem;

namespace {

constexpr const char* quarantine_exact = "actions: {exact: quarantine}\n";

std::string jpeg(std::uint64_t seed) { return encode_picture(draw_picture(seed), ".jpg"); }

std::string mode_of_root(Service& service) { return service.call("status")["roots"][0]["mode"]; }

/// The folder of a mounted file system, moved away and back: the same files after a remount.
void wait_for_mode(Service& service, const std::string& mode) {
  wait_until([&] { return mode_of_root(service) == mode; }, "the root to be " + mode);
}

}  // namespace

TEST_CASE("w6-unmount: a file system can be unmounted while it is watched, and comes back") {
  if (!may_mount("w6-unmount")) return;
  Service service(quarantine_exact);
  {
    SmallMount disk(service.root(), "1m");
    service.start();
    write_file(service.root() / "a.jpg", jpeg(1));
    write_file(service.root() / "deep/b.jpg", jpeg(2));
    service.sync();
    CHECK(service.list("files").size() == 2);
    wait_until([&] { return disk.unmount(); }, "the unmounting");
    wait_for_mode(service, "offline");
    service.sync();
    CHECK(service.list("files").size() == 2);
    CHECK(service.call("status")["images"] == 2);
  }
  const SmallMount disk(service.root(), "1m");
  write_file(service.root() / "a.jpg", jpeg(1));
  wait_for_mode(service, "events");
  write_file(service.root() / "new.jpg", jpeg(3));
  check_files_become_known(service);
  CHECK(service.list("quarantine.list").empty());
}

TEST_CASE("w6-empty-mountpoint: an empty place is not a folder whose files were deleted") {
  if (!may_mount("w6-empty-mountpoint")) return;
  Service service(quarantine_exact);
  {
    const SmallMount disk(service.root(), "1m");
    service.start();
    write_file(service.root() / "a.jpg", jpeg(1));
    service.sync();
    service.stop();
  }
  service.start();
  service.sync();
  CHECK(mode_of_root(service) == "offline");
  CHECK(service.call("status")["state"] == "degraded");
  CHECK(service.list("files").size() == 1);
}

TEST_CASE("w6-mounted-over: what a mount hides comes into view again when it goes") {
  if (!may_mount("w6-mounted-over")) return;
  Service service(quarantine_exact);
  service.start();
  write_file(service.root() / "deep/a.jpg", jpeg(1));
  service.sync();
  {
    SmallMount disk(service.root() / "deep", "1m");
    write_file(service.root() / "deep/b.jpg", jpeg(2));
    check_files_become_known(service);
    write_file(service.root() / "deep/c.jpg", jpeg(3));
    check_files_become_known(service);
    wait_until([&] { return disk.unmount(); }, "the unmounting");
  }
  check_files_become_known(service);
  write_file(service.root() / "deep/d.jpg", jpeg(4));
  check_files_become_known(service);
}
