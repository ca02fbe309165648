// SPDX-License-Identifier: Apache-2.0
// Only whole files are judged, and a file that changed in silence is read again.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <thread>

#include "faults/fault_support.h"
#include "support/drawn_pictures.h"

using namespace imgdedup::testing;
using imgdedup::posix::UniqueDescriptor;
namespace fs = std::filesystem;

namespace {

std::string content_of(Service& service, const std::string& name) {
  for (const auto& file : service.list("files"))
    if (file["path"] == (service.root() / name).string())
      return file["content"].is_string() ? file["content"].get<std::string>() : "";
  return "";
}

/// Ten times the settle time, in which the file must not be judged.
void check_is_left_waiting(Service& service, std::size_t images) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  while (std::chrono::steady_clock::now() < end) {
    const auto status = service.call("status");
    REQUIRE(status["images"] == images);
    REQUIRE(status["incomplete"] == 0);
    REQUIRE(status["unreadable"] == 0);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

}  // namespace

TEST_CASE("w9-silent: a file with other bytes, the same size and the old time is read again") {
  Service service;
  service.start();
  const auto [first, second] = equally_long_pictures();
  write_file(service.root() / "a.bmp", first);
  service.sync();
  const std::string before = content_of(service, "a.bmp");
  CHECK_FALSE(before.empty());
  struct stat status {};
  REQUIRE(::stat((service.root() / "a.bmp").c_str(), &status) == 0);
  const timespec times[] = {status.st_atim, status.st_mtim};
  SUBCASE("overwritten in place") { overwrite(service.root() / "a.bmp", second); }
  SUBCASE("written through a hard link outside") {
    fs::create_hard_link(service.root() / "a.bmp", service.base() / "link.bmp");
    service.sync();
    CHECK(content_of(service, "a.bmp") == before);
    overwrite(service.base() / "link.bmp", second);
  }
  SUBCASE("replaced by another") {
    write_file(service.base() / "new.bmp", second);
    fs::rename(service.base() / "new.bmp", service.root() / "a.bmp");
  }
  SUBCASE("while the service was down") {
    service.stop();
    overwrite(service.root() / "a.bmp", second);
    ::utimensat(AT_FDCWD, (service.root() / "a.bmp").c_str(), times, 0);
    service.start();
  }
  REQUIRE(::utimensat(AT_FDCWD, (service.root() / "a.bmp").c_str(), times, 0) == 0);
  service.call("rescan");
  service.sync();
  CHECK_FALSE(content_of(service, "a.bmp").empty());
  CHECK(content_of(service, "a.bmp") != before);
}

TEST_CASE("w9-silent: another file with the number, size and time of one that went is read") {
  Service service;
  service.start();
  const auto [first, second] = equally_long_pictures();
  const fs::path gone = service.root() / "gone.bmp";
  write_file(gone, first);
  service.sync();
  const std::string before = content_of(service, "gone.bmp");
  CHECK_FALSE(before.empty());
  struct stat old {};
  REQUIRE(::stat(gone.c_str(), &old) == 0);
  service.stop();
  fs::remove(gone);
  // Most file systems of disks give the number out again, at once or soon.
  constexpr int attempts = 200;
  fs::path taker;
  for (int i = 0; taker.empty() && i < attempts; ++i) {
    const fs::path path = service.root() / ("new-" + std::to_string(i) + ".bmp");
    write_file(path, second);
    struct stat now {};
    REQUIRE(::stat(path.c_str(), &now) == 0);
    if (now.st_ino == old.st_ino && now.st_dev == old.st_dev) taker = path;
  }
  if (taker.empty()) {
    std::printf("SKIPPED: w9-silent by inode number (none is used again here)\n");
    return;
  }
  const timespec times[] = {old.st_atim, old.st_mtim};
  REQUIRE(::utimensat(AT_FDCWD, taker.c_str(), times, 0) == 0);
  service.start();
  service.sync();
  CHECK_FALSE(content_of(service, taker.filename().string()).empty());
  CHECK(content_of(service, taker.filename().string()) != before);
  CHECK(content_of(service, "gone.bmp").empty());
}

TEST_CASE("c1-slow-writer: a copy that pauses half-way is not looked at before it is closed") {
  Service service("actions: {exact: quarantine, pixels: quarantine, near: quarantine}\n");
  service.start();
  const std::string bytes = encode_picture(draw_picture(1, {1600, 1200}), ".jpg", 95);
  REQUIRE(bytes.size() > 200'000);
  write_file(service.root() / "a.jpg", bytes);
  service.sync();
  constexpr std::size_t first_part = 100 * 1024;
  // 30 times the settle time, as the recipe's 20 s are 40 times that of the default settings.
  constexpr std::chrono::seconds pause{3};
  const auto path = service.root() / "slow.jpg";
  UniqueDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  REQUIRE(::write(file.get(), bytes.data(), first_part) == static_cast<ssize_t>(first_part));
  wait_until([&] { return service.call("status")["pending"] == 1; }, "the file to be seen");
  const auto end = std::chrono::steady_clock::now() + pause;
  while (std::chrono::steady_clock::now() < end) check_is_left_waiting(service, 1);
  CHECK(content_of(service, "slow.jpg").empty());
  CHECK(service.list("quarantine.list").empty());
  const auto rest = static_cast<ssize_t>(bytes.size() - first_part);
  REQUIRE(::write(file.get(), bytes.data() + first_part, bytes.size() - first_part) == rest);
  const auto closing = std::chrono::steady_clock::now();
  file = UniqueDescriptor();
  service.sync();
  CHECK(service.list("quarantine.list").size() == 1);
  std::printf("c1-slow-writer: left alone through a pause of %lld s, moved %.1f s after its end\n",
              static_cast<long long>(pause.count()),
              std::chrono::duration<double>(std::chrono::steady_clock::now() - closing).count());
}

TEST_CASE("c1-mmap-writer: a mapping that may still be written keeps the file waiting") {
  Service service;
  service.start();
  const std::string bytes = jpeg(1);
  write_file(service.root() / "a.jpg", bytes);
  service.sync();
  UniqueDescriptor file(
      ::open((service.root() / "m.jpg").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  REQUIRE(::ftruncate(file.get(), static_cast<off_t>(bytes.size())) == 0);
  void* memory = ::mmap(nullptr, bytes.size(), PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  REQUIRE(memory != MAP_FAILED);
  file = UniqueDescriptor();
  std::memcpy(memory, bytes.data(), bytes.size() / 2);
  wait_until([&] { return service.call("status")["pending"] == 1; }, "the file to be seen");
  check_is_left_waiting(service, 1);
  std::memcpy(memory, bytes.data(), bytes.size());
  ::munmap(memory, bytes.size());
  service.sync();
  CHECK(service.decisions() == std::vector<std::string>{"exact m.jpg < a.jpg"});
}

TEST_CASE("c1-prealloc: a file that has its full size first is judged when it has its bytes") {
  Service service;
  service.start();
  const std::string bytes = jpeg(1);
  write_file(service.root() / "a.jpg", bytes);
  service.sync();
  UniqueDescriptor file(
      ::open((service.root() / "p.jpg").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  REQUIRE(::posix_fallocate(file.get(), 0, static_cast<off_t>(bytes.size())) == 0);
  wait_until([&] { return service.call("status")["pending"] == 1; }, "the file to be seen");
  check_is_left_waiting(service, 1);
  REQUIRE(::pwrite(file.get(), bytes.data(), bytes.size(), 0) ==
          static_cast<ssize_t>(bytes.size()));
  file = UniqueDescriptor();
  service.sync();
  CHECK(service.decisions() == std::vector<std::string>{"exact p.jpg < a.jpg"});
}

TEST_CASE("c1: a copy that opens its file anew for each part is never decided half") {
  Service service("actions: {exact: quarantine, pixels: quarantine, near: quarantine}\n");
  service.start();
  const std::string bytes = jpeg(1);
  write_file(service.root() / "a.jpg", bytes);
  service.sync();
  const std::size_t part = bytes.size() / 4;
  for (std::size_t i = 0; i < 4; ++i) {
    const std::string piece = bytes.substr(i * part, i < 3 ? part : std::string::npos);
    UniqueDescriptor file(::open((service.root() / "b.jpg").c_str(),
                                 O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    REQUIRE(::write(file.get(), piece.data(), piece.size()) == static_cast<ssize_t>(piece.size()));
    file = UniqueDescriptor();
    if (i == 3) break;
    service.sync();
    CHECK(service.list("quarantine.list").empty());
    CHECK(fs::exists(service.root() / "b.jpg"));
    CHECK(service.call("status")["images"] == 1);
  }
  service.sync();
  CHECK(service.list("quarantine.list").size() == 1);
}

TEST_CASE("c3-atomic: an editor that saves by rename leaves one row with the last bytes") {
  Service service;
  service.start();
  constexpr std::uint64_t saves = 100;
  for (std::uint64_t i = 0; i < saves; ++i) {
    write_small_file(service.root() / "a.jpg.tmp", jpeg(10 + i % 7));
    fs::rename(service.root() / "a.jpg.tmp", service.root() / "a.jpg");
    if (i % 20 == 19) service.sync();
  }
  write_file(service.root() / "copy.jpg", jpeg(10 + (saves - 1) % 7));
  service.sync();
  CHECK(service.list("files").size() == 2);
  CHECK(service.call("status")["contents"].get<int>() >= 1);
  CHECK(service.decisions() == std::vector<std::string>{"exact copy.jpg < a.jpg"});
}

TEST_CASE("c3-atomic: a download and rsync leave one row with the whole file") {
  Service service;
  service.start();
  write_file(service.root() / "a.jpg", jpeg(1));
  service.sync();
  SUBCASE("a browser's .part, renamed when it is whole") {
    for (const char* part : {"b.jpg.part", "b.jpg.crdownload", "b.jpg.tmp", "b.jpg~", ".b.jpg"}) {
      INFO(std::string(part));
      write_file(service.root() / part, jpeg(1).substr(0, 2000));
      service.sync();
      CHECK(service.list("files").size() == 1);
      write_file(service.root() / part, jpeg(1));
      service.sync();
      CHECK(service.list("files").size() == 1);
      fs::rename(service.root() / part, service.root() / "b.jpg");
      service.sync();
      CHECK(service.decisions() == std::vector<std::string>{"exact b.jpg < a.jpg"});
      fs::remove(service.root() / "b.jpg");
      service.sync();
      CHECK(service.list("files").size() == 1);
    }
  }
  SUBCASE("rsync, which writes .name.XXXXXX") {
    if (run_program({"rsync", "--version"}).exit_status != 0) {
      std::printf("SKIPPED: c3-atomic by rsync (no rsync here)\n");
      return;
    }
    write_file(service.base() / "source/b.jpg", jpeg(1));
    for (const std::string how : {"--whole-file", "--inplace"}) {
      INFO(how);
      REQUIRE(run_program({"rsync", how, service.base() / "source/b.jpg", service.root() / "b.jpg"})
                  .exit_status == 0);
      service.sync();
      CHECK(service.decisions() == std::vector<std::string>{"exact b.jpg < a.jpg"});
      fs::remove(service.root() / "b.jpg");
      service.sync();
    }
  }
}

TEST_CASE("c4-racy: a file overwritten between its measuring and its judgement is read again") {
  Service service;
  HoldingPoint held(service, "after_hash");
  const auto [first, second] = equally_long_pictures();
  const fs::path path = service.root() / "a.bmp";
  write_file(service.root() / "b.bmp", second);
  service.start();
  service.sync();
  const std::string content_second = content_of(service, "b.bmp");
  service.stop();
  service.start(held.environment());
  write_file(path, first);
  held.wait();
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  overwrite(path, second);
  SUBCASE("as it is") {}
  SUBCASE("with its old time put back") {
    const timespec times[] = {status.st_atim, status.st_mtim};
    REQUIRE(::utimensat(AT_FDCWD, path.c_str(), times, 0) == 0);
  }
  held.release();
  service.sync();
  CHECK(content_of(service, "a.bmp") == content_second);
  service.call("rescan");
  service.sync();
  CHECK(content_of(service, "a.bmp") == content_second);
}

TEST_CASE("c4-racy: a file overwritten right after it was judged is read again") {
  Service service;
  service.start();
  const auto [first, second] = equally_long_pictures();
  const fs::path path = service.root() / "a.bmp";
  write_file(path, first);
  service.sync();
  const std::string content_first = content_of(service, "a.bmp");
  overwrite(path, second);
  service.sync();
  const std::string content_second = content_of(service, "a.bmp");
  CHECK(content_first != content_second);
  for (int i = 0; i < 10; ++i) {
    overwrite(path, i % 2 == 0 ? first : second);
    // As soon as it has been judged, whenever that is, it changes again.
    wait_until(
        [&] {
          return content_of(service, "a.bmp") == (i % 2 == 0 ? content_first : content_second);
        },
        "the new bytes to be known");
  }
}
