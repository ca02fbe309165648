// SPDX-License-Identifier: Apache-2.0
// File systems come and go below the watched folders.
#include <doctest/doctest.h>
#include <sys/stat.h>

#include <cstdint>
#include <cstdio>

#include "faults/fault_support.h"
#include "support/drawn_pictures.h"

using namespace imgdedup::testing;
namespace fs = std::filesystem;

namespace {

constexpr const char* quarantine_exact = "actions: {exact: quarantine}\n";

std::string mode_of_root(Service& service) { return service.call("status")["roots"][0]["mode"]; }

/// The folder of a mounted file system, moved away and back: the same files after a remount.
void wait_for_mode(Service& service, const std::string& mode) {
  wait_until([&] { return mode_of_root(service) == mode; }, "the root to be " + mode);
}

bool make_image(const fs::path& image) {
  write_file(image, "");
  fs::resize_file(image, std::uintmax_t{16} << 20);
  return run_program({"mkfs.ext4", "-q", "-F", image}).exit_status == 0;
}

bool mount_image(const fs::path& image, const fs::path& place) {
  fs::create_directories(place);
  return run_program({"mount", "-o", "loop,strictatime", image, place}).exit_status == 0;
}

bool unmount(const fs::path& place) { return run_program({"umount", place}).exit_status == 0; }

struct stat status_of(const fs::path& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status;
}

dev_t device_of(const fs::path& path) { return status_of(path).st_dev; }

std::int64_t in_ns(const timespec& time) { return time.tv_sec * 1'000'000'000 + time.tv_nsec; }

std::int64_t modified(const fs::path& path) { return in_ns(status_of(path).st_mtim); }

std::map<std::string, std::int64_t> last_reads(const fs::path& root) {
  std::map<std::string, std::int64_t> times;
  for (const std::string& path : files_on_disk(root)) times[path] = in_ns(status_of(path).st_atim);
  return times;
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

TEST_CASE("w6-busy: an idle service never keeps a file system from being unmounted") {
  if (!may_mount("w6-busy")) return;
  Service service(quarantine_exact);
  SmallMount disk(service.root(), "16m");
  service.start();
  for (std::uint64_t i = 0; i < 50; ++i)
    write_file(service.root() / ("d" + std::to_string(i)) / "a.jpg", jpeg(i));
  service.sync();
  wait_until([&] { return service.call("status")["state"] == "idle"; }, "the service to rest");
  // No descriptor below the root stays open; a worker may be about to close its last.
  int tries = 0;
  wait_until([&] { return ++tries, disk.unmount(); }, "the unmounting", std::chrono::seconds(10));
  wait_for_mode(service, "offline");
  CHECK(service.call("status")["images"] == 50);
  std::printf("w6-busy: unmounted at try %d; 50 of 50 files still in the catalog\n", tries);
}

TEST_CASE("w6-busy: an unmounting succeeds in the midst of work as well") {
  if (!may_mount("w6-busy")) return;
  Service service(quarantine_exact);
  SmallMount disk(service.root(), "64m");
  service.start();
  for (std::uint64_t i = 0; i < 100; ++i)
    write_file(service.root() / ("d" + std::to_string(i)) / "a.jpg", jpeg(i));
  int tries = 0;
  wait_until([&] { return ++tries, disk.unmount(); }, "the unmounting");
  wait_for_mode(service, "offline");
  service.sync();
  CHECK(service.list("quarantine.list").empty());
  std::printf("w6-busy: unmounted amid the work after %d tries\n", tries);
}

TEST_CASE("w6-other-disk: another disk over a root hides its files and deletes none") {
  if (!may_mount("w6-other-disk")) return;
  Service service(quarantine_exact);
  service.start();
  write_file(service.root() / "a.jpg", jpeg(1));
  write_file(service.root() / "near.jpg", encode_picture(draw_picture(1), ".jpg", 60));
  service.sync();
  const auto decisions = service.decisions();
  CHECK(decisions.size() == 1);
  const auto log = service.log_lines();
  {
    SmallMount disk(service.root(), "1m");
    write_file(service.root() / "copy.jpg", jpeg(1));
    wait_for_mode(service, "offline");
    service.sync();
    CHECK(service.call("status")["state"] == "degraded");
    CHECK(service.list("files").size() == 2);
    CHECK(service.decisions() == decisions);
    CHECK(fs::exists(service.root() / "copy.jpg"));
    wait_until([&] { return disk.unmount(); }, "the unmounting");
  }
  wait_for_mode(service, "events");
  check_files_become_known(service);
  service.sync();
  CHECK(service.decisions() == decisions);
  CHECK(service.log_lines() == log);
  write_file(service.root() / "new.jpg", jpeg(3));
  check_files_become_known(service);
  std::printf("w6-other-disk: 2 files and 1 decision as they were, while it lay there and after\n");
}

TEST_CASE("w6-renumbered: a disk that has another number after a remount is read by nobody anew") {
  Service service(quarantine_exact);
  const fs::path second = service.base() / "second";
  if (!make_image(service.base() / "first.img") || !make_image(service.base() / "second.img") ||
      !mount_image(service.base() / "first.img", service.root())) {
    std::printf("SKIPPED: w6-renumbered (this user may not mount a file)\n");
    return;
  }
  service.start();
  for (std::uint64_t i = 0; i < 20; ++i)
    write_file(service.root() / ("d" + std::to_string(i % 3)) / (std::to_string(i) + ".jpg"),
               jpeg(1 + i / 2 * 100 + i % 2));
  write_file(service.root() / "near.jpg", encode_picture(draw_picture(1), ".jpg", 60));
  service.sync();
  const auto decisions = service.decisions();
  const auto files = service.list("files");
  const dev_t device_before = device_of(service.root());
  const auto reads_before = last_reads(service.root());
  const fs::path read_one = service.root() / "d0/0.jpg";
  // Reading leaves its time here.
  REQUIRE(reads_before.at(read_one) > modified(read_one));
  wait_until([&] { return unmount(service.root()); }, "the unmounting");
  wait_for_mode(service, "offline");
  REQUIRE(mount_image(service.base() / "second.img", second));
  REQUIRE(mount_image(service.base() / "first.img", service.root()));
  const dev_t device_after = device_of(service.root());
  CHECK(device_after != device_before);
  wait_for_mode(service, "events");
  service.sync();
  CHECK(last_reads(service.root()) == reads_before);
  CHECK(service.decisions() == decisions);
  CHECK(service.list("files") == files);
  // An inode of the old number, renamed while the disk was away, would be read again, not lost.
  write_file(service.root() / "new.jpg", jpeg(7777));
  fs::rename(service.root() / "d1", service.root() / "renamed");
  check_files_become_known(service);
  service.sync();
  CHECK(service.list("quarantine.list").empty());
  service.stop();
  CHECK(unmount(second));
  CHECK(unmount(service.root()));
  std::printf("w6-renumbered: device %ju became %ju; %zu files, none read again\n",
              static_cast<std::uintmax_t>(device_before), static_cast<std::uintmax_t>(device_after),
              files.size());
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
