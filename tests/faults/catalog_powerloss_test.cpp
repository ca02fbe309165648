// SPDX-License-Identifier: Apache-2.0
// The power goes: an ext4 of its own that is shut down without writing its log.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/ioctl.h>

#include <cstdint>
#include <cstdio>

#include "faults/catalog_support.h"

using namespace imgdedup::testing;
using imgdedup::protocol::Json;
namespace fs = std::filesystem;

namespace {

// <linux/ext4.h> is the kernel's own: EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH.
constexpr unsigned long shutdown_request = _IOR('X', 125, std::uint32_t);
constexpr std::uint32_t without_log_flush = 2;

/// An ext4 in a file, mounted.
class OwnDisk {
 public:
  explicit OwnDisk(const fs::path& base) : image_(base / "disk.img"), place_(base / "disk") {
    fs::create_directories(place_);
    write_file(image_, "");
    fs::resize_file(image_, std::uintmax_t{64} << 20);
    is_mounted_ = run({"mkfs.ext4", "-q", "-F", image_.string()}) && mount();
  }
  ~OwnDisk() {
    if (is_mounted_) run({"umount", "-l", place_.string()});
  }
  OwnDisk(const OwnDisk&) = delete;
  OwnDisk& operator=(const OwnDisk&) = delete;

  [[nodiscard]] bool is_mounted() const { return is_mounted_; }
  [[nodiscard]] const fs::path& place() const { return place_; }
  bool cut_power() {
    const imgdedup::posix::UniqueDescriptor directory(
        ::open(place_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    std::uint32_t flags = without_log_flush;
    return directory && ::ioctl(directory.get(), shutdown_request, &flags) == 0;
  }
  void mount_again() {
    REQUIRE(run({"umount", place_.string()}));
    is_mounted_ = mount();
    REQUIRE(is_mounted_);
  }

 private:
  static bool run(const std::vector<std::string>& command) {
    return run_program(command).exit_status == 0;
  }
  bool mount() { return run({"mount", "-o", "loop", image_.string(), place_.string()}); }

  fs::path image_;
  fs::path place_;
  bool is_mounted_ = false;
};

}  // namespace

TEST_CASE("d1-powerloss: what was moved is in the journal, what was declared is remembered") {
  int cuts = 0;
  for (const char* point :
       {"after_intent", "after_sidecar", "after_rename", "after_sync", "after_commit"}) {
    INFO("at ", std::string(point));
    TemporaryDirectory base;
    OwnDisk disk(base.path());
    if (!disk.is_mounted()) {
      std::printf("SKIPPED: d1-powerloss (this user may not mount a file)\n");
      return;
    }
    const fs::path root = disk.place() / "photos";
    fs::create_directories(root);
    Service service("actions: {exact: quarantine}\n", "  - path: '" + root.string() + "'\n");
    put_catalog_at(service, disk.place() / "catalog.sqlite3");
    write_file(root / "a.jpg", photo(1));
    write_file(root / "near.jpg", photo(1, 60));
    ::sync();
    HoldingPoint held(service, point);
    service.start(held.environment());
    service.sync();
    service.call("distinct",
                 {{"first", (root / "a.jpg").string()}, {"second", (root / "near.jpg").string()}});
    wait_until(
        [&] {
          return read_file(disk.place() / "catalog.sqlite3.verdicts").find("\"distinct\":[") !=
                 std::string::npos;
        },
        "the verdicts to be saved");
    service.sync();
    write_file(root / "b.jpg", photo(1));
    ::sync();
    held.wait();
    REQUIRE(disk.cut_power());
    service.kill();
    disk.mount_again();
    ++cuts;
    // Before anything has mended it: a file in quarantine has its row, and its sidecar beside it.
    const auto in_quarantine = count_files(root / ".imgdedup-quarantine", ".jpg");
    {
      OtherProgram look(disk.place() / "catalog.sqlite3");
      CHECK(look.text("PRAGMA integrity_check") == "ok");
      CHECK(look.integer("SELECT COUNT(*) FROM quarantine") >=
            static_cast<std::int64_t>(in_quarantine));
      CHECK(look.integer("SELECT COUNT(*) FROM distinct_pairs") == 1);
    }
    CHECK(fs::exists(root / "b.jpg") != (in_quarantine == 1));
    service.start();
    service.sync();
    CHECK(read_file(root / "a.jpg") == photo(1));
    CHECK(read_file(root / "near.jpg") == photo(1, 60));
    CHECK_FALSE(fs::exists(root / "b.jpg"));
    const auto entries = service.list("quarantine.list");
    REQUIRE(entries.size() == 1);
    CHECK(read_file(entries[0]["quarantine_path"].get<std::string>()) == photo(1));
    CHECK(service.decisions().size() == 1);
    CHECK(service.stop() == 0);
  }
  std::printf("d1-powerloss: %d cuts during a move, no journal row and no verdict missing\n", cuts);
}
