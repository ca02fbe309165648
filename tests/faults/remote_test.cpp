// SPDX-License-Identifier: Apache-2.0
// Changes that no event tells of, behind an overlay as behind a server, are found by looking.
#include <doctest/doctest.h>
#include <sys/mount.h>

#include <cstdio>

#include "faults/fault_support.h"
#include "support/drawn_pictures.h"

using namespace imgdedup::testing;
namespace fs = std::filesystem;
using std::chrono::steady_clock;

namespace {

/// An overlay on `place` whose lower layer can be written behind its back.
class Overlay {
 public:
  Overlay(fs::path base, fs::path place) : base_(std::move(base)), place_(std::move(place)) {
    for (const char* name : {"lower", "upper", "work"}) fs::create_directories(base_ / name);
    fs::create_directories(place_);
    const std::string options = "lowerdir=" + lower().string() +
                                ",upperdir=" + (base_ / "upper").string() +
                                ",workdir=" + (base_ / "work").string();
    is_mounted_ = ::mount("imgdedup-test", place_.c_str(), "overlay", 0, options.c_str()) == 0;
  }
  ~Overlay() {
    if (is_mounted_) ::umount2(place_.c_str(), MNT_DETACH);
  }
  Overlay(const Overlay&) = delete;
  Overlay& operator=(const Overlay&) = delete;
  [[nodiscard]] bool is_mounted() const { return is_mounted_; }
  [[nodiscard]] fs::path lower() const { return base_ / "lower"; }

 private:
  fs::path base_;
  fs::path place_;
  bool is_mounted_ = false;
};

const std::map<std::string, std::string> quick_polls = {{"IMGDEDUPD_POLL_MS", "2000"}};

void check_is_found_behind(Service& service, const Overlay& overlay, const char* where) {
  const auto begin = steady_clock::now();
  write_small_file(overlay.lower() / "behind.txt", "x");
  write_small_file(overlay.lower() / "d/new/behind.txt", "x");
  check_files_become_known(service);
  std::printf("w7-behind: written behind %s, known after %.1f s (listed every 2 s)\n", where,
              std::chrono::duration<double>(steady_clock::now() - begin).count());
  const auto images = service.call("status")["images"].get<int>();
  write_small_file(overlay.lower() / "d/1.txt", encode_picture(draw_picture(1), ".jpg"));
  wait_until([&] { return service.call("status")["images"] == images + 1; },
             "the file that was changed behind to be read again");
}

}  // namespace

TEST_CASE("w7-behind: a root on a file system that changes unseen is listed by itself") {
  Service service;
  const Overlay overlay(service.base() / "layers", service.root());
  if (!overlay.is_mounted()) {
    std::printf("SKIPPED: w7-behind (this user may not mount an overlay here)\n");
    return;
  }
  write_small_file(overlay.lower() / "d/1.txt", "x");
  service.start(quick_polls);
  service.sync();
  CHECK(service.call("status")["roots"][0]["mode"] == "polling");
  check_is_found_behind(service, overlay, "a root");
}

TEST_CASE("w7-behind: so is such a file system below a root that has events") {
  Service service;
  service.start(quick_polls);
  write_small_file(service.root() / "near/1.txt", "x");
  service.sync();
  const Overlay overlay(service.base() / "layers", service.root() / "far");
  if (!overlay.is_mounted()) {
    std::printf("SKIPPED: w7-behind below a root (this user may not mount an overlay here)\n");
    return;
  }
  write_small_file(overlay.lower() / "d/1.txt", "x");
  service.sync();
  check_files_are_known(service);
  const auto status = service.call("status");
  CHECK(status["roots"][0]["mode"] == "events");
  CHECK(status["roots"][0]["polled_directories"] == 2);
  CHECK(status["state"] != "degraded");
  check_is_found_behind(service, overlay, "a directory of a root");
}
