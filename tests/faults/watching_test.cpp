// SPDX-License-Identifier: Apache-2.0
// Nothing is missed: after floods, races and absence the service knows what `find` knows. Most of
// these tests never ask for a sync or rescan, which would hide a lost event.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "faults/fault_support.h"
#include "support/drawn_pictures.h"

using namespace imgdedup::testing;
namespace fs = std::filesystem;
using std::chrono::seconds;
using std::chrono::steady_clock;

namespace {

void write_burst(const fs::path& root, int directories, int files) {
  for (int d = 0; d < directories; ++d)
    for (int f = 0; f < files; ++f)
      write_small_file(root / ("d" + std::to_string(d)) / (std::to_string(f) + ".txt"), "x");
}

void swap_names(const fs::path& a, const fs::path& b) {
  REQUIRE(::renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE) == 0);
}

}  // namespace

TEST_CASE("w1-overflow: a burst that overflows the event queue is found whole") {
  Service service;
  for (int d = 0; d < 500; ++d) fs::create_directories(service.root() / ("d" + std::to_string(d)));
  service.start({{"IMGDEDUPD_CB_DELAY_US", "300"}});
  service.sync();
  write_burst(service.root(), 500, 40);
  check_files_become_known(service);
  const auto status = service.call("status");
  MESSAGE("overflows " << status["overflows"] << ", reconciles " << status["reconciles"]);
  CHECK(status["overflows"] > 0);
  CHECK(status["roots"][0]["lost_events"] > 0);
}

TEST_CASE("w1-blocked-loop: what was created while the service was stopped is found") {
  Service service;
  service.start();
  service.sync();
  ::kill(service.pid(), SIGSTOP);
  write_burst(service.root(), 30, 100);
  ::kill(service.pid(), SIGCONT);
  check_files_become_known(service);
}

TEST_CASE("w2-mkdir-race: trees that grow while they are found are found whole") {
  Service service;
  service.start();
  for (int i = 0; i < 100; ++i) {
    const fs::path a = service.root() / ("a" + std::to_string(i));
    fs::create_directory(a);
    write_small_file(a / "1.txt", "x");
    fs::create_directory(a / "b");
    write_small_file(a / "b/2.txt", "x");
    fs::create_directory(a / "b/c");
    for (const char* name : {"3.txt", "4.txt", "5.txt"}) write_small_file(a / "b/c" / name, "x");
  }
  SUBCASE("by themselves") {}
  SUBCASE("copied, unpacked and moved") {
    const std::string from = service.root() / "a1";
    CHECK(run_program({"cp", "-r", from, service.root() / "copy"}).exit_status == 0);
    CHECK(run_program({"tar", "-C", service.root(), "-cf", service.base() / "t.tar", "a2", "a3"})
              .exit_status == 0);
    fs::create_directory(service.root() / "unpacked");
    CHECK(run_program({"tar", "-C", service.root() / "unpacked", "-xf", service.base() / "t.tar"})
              .exit_status == 0);
    fs::rename(service.root() / "a4", service.root() / "unpacked/moved");
  }
  check_files_become_known(service);
  const auto status = service.call("status");
  CHECK(status["watches"] == status["roots"][0]["directories"]);
}

TEST_CASE("w3-rename-recreate: a directory made anew under an old name is watched") {
  Service service;
  service.start();
  write_small_file(service.root() / "a/1.txt", "1");
  write_small_file(service.root() / "a/deep/2.txt", "2");
  check_files_become_known(service);
  SUBCASE("deleted and made again") {
    fs::remove_all(service.root() / "a");
    fs::create_directories(service.root() / "a/deep");
    check_files_become_known(service);
    write_small_file(service.root() / "a/deep/3.txt", "3");
    check_files_become_known(service);
    write_small_file(service.root() / "a/4.txt", "4");
    check_files_become_known(service);
  }
  SUBCASE("renamed, its name taken by another") {
    fs::rename(service.root() / "a", service.root() / "b");
    fs::create_directories(service.root() / "a/deep");
    check_files_become_known(service);
    write_small_file(service.root() / "a/deep/3.txt", "3");
    write_small_file(service.root() / "b/deep/4.txt", "4");
    check_files_become_known(service);
  }
  SUBCASE("two swapped") {
    write_small_file(service.root() / "b/deep/5.txt", "5");
    check_files_become_known(service);
    swap_names(service.root() / "a", service.root() / "b");
    check_files_become_known(service);
    write_small_file(service.root() / "a/deep/6.txt", "6");
    write_small_file(service.root() / "b/deep/7.txt", "7");
    check_files_become_known(service);
    fs::remove(service.root() / "b/deep/7.txt");
    check_files_become_known(service);
  }
  SUBCASE("moved out, and written there") {
    fs::rename(service.root() / "a", service.base() / "outside");
    check_files_become_known(service);
    write_small_file(service.base() / "outside/deep/3.txt", "3");
    write_small_file(service.root() / "seen.txt", "seen");
    check_files_become_known(service);
    CHECK(service.service_log().find("outside") == std::string::npos);
    fs::rename(service.base() / "outside", service.root() / "back");
    check_files_become_known(service);
    write_small_file(service.root() / "back/deep/4.txt", "4");
    check_files_become_known(service);
  }
}

TEST_CASE("w5-enospc: beyond the limit of watches the service says so and finds all the same") {
  if (run_program({"unshare", "-Ur", "sh", "-c", "echo 50 > /proc/sys/user/max_inotify_watches"})
          .exit_status != 0) {
    std::printf("SKIPPED: w5-enospc (no user namespace with limits of its own)\n");
    return;
  }
  Service service;
  for (int d = 0; d < 200; ++d)
    write_small_file(service.root() / ("d" + std::to_string(d)) / "1.txt", "x");
  service.run_through({"unshare", "-Ur", "sh", "-c",
                       "echo 50 > /proc/sys/user/max_inotify_watches; exec \"$@\"", "sh"});
  service.start();
  service.sync();
  check_files_are_known(service);
  const auto status = service.call("status");
  CHECK(status["state"] == "degraded");
  CHECK(status["roots"][0]["polled_directories"] == 201 - 50);
  CHECK(status["degraded"].dump().find("max_user_watches") != std::string::npos);
  for (int d = 0; d < 200; ++d)
    write_small_file(service.root() / ("d" + std::to_string(d)) / "2.txt", "x");
  service.call("rescan");
  check_files_become_known(service);
}

TEST_CASE("w10-flood: while a process renames in a loop the service answers and loses nothing") {
  Service service;
  service.start();
  write_small_file(service.root() / "f/0.txt", "x");
  service.sync();
  std::atomic<bool> is_over = false;
  std::thread flood([&] {
    const std::string a = service.root() / "f/0.txt";
    const std::string b = service.root() / "f/1.txt";
    while (!is_over) {
      ::rename(a.c_str(), b.c_str());
      ::rename(b.c_str(), a.c_str());
    }
  });
  std::vector<double> milliseconds;
  const auto end = steady_clock::now() + seconds(3);
  imgdedup::protocol::Client client(service.socket().string());
  int written = 0;
  while (steady_clock::now() < end) {
    const auto begin = steady_clock::now();
    client.call("status", imgdedup::protocol::Json::object());
    milliseconds.push_back(
        std::chrono::duration<double, std::milli>(steady_clock::now() - begin).count());
    if (written < 100)
      write_small_file(service.root() / "f" / ("n" + std::to_string(written++) + ".txt"), "x");
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  is_over = true;
  flood.join();
  std::sort(milliseconds.begin(), milliseconds.end());
  const double p99 = milliseconds.at(milliseconds.size() * 99 / 100);
  MESSAGE("status while flooded: p99 " << p99 << " ms of " << milliseconds.size() << " calls");
  CHECK(p99 < 100);
  check_files_become_known(service);
}

TEST_CASE("w11-down: what happened while the service was down is known after its start") {
  Service service("actions: {exact: quarantine}\n");
  service.start();
  for (int i = 0; i < 300; ++i)
    write_small_file(service.root() / ("d" + std::to_string(i % 10)) / (std::to_string(i) + ".txt"),
                     std::to_string(i));
  const std::string original = encode_picture(draw_picture(1), ".jpg");
  const std::string other = encode_picture(draw_picture(2), ".jpg");
  write_file(service.root() / "original.jpg", original);
  service.sync();
  service.stop();
  fs::remove_all(service.root() / "d1");
  fs::rename(service.root() / "d2", service.root() / "d1");
  fs::rename(service.root() / "d3", service.root() / "d4/d3");
  for (int i = 5; i < 300; i += 10) {
    const std::string name = std::to_string(i) + ".txt";
    write_small_file(service.root() / "d5" / name, "changed");
    fs::rename(service.root() / "d6" / (std::to_string(i + 1) + ".txt"),
               service.root() / "d7" / ("moved" + name));
    fs::remove(service.root() / "d8" / (std::to_string(i + 3) + ".txt"));
    write_small_file(service.root() / "new/deeper" / name, "new");
  }
  // The copy of what is there no longer must not be taken for a duplicate.
  write_file(service.root() / "original.jpg", other);
  write_file(service.root() / "copy.jpg", original);
  service.start();
  service.sync();
  check_files_are_known(service);
  CHECK(fs::exists(service.root() / "copy.jpg"));
  CHECK(fs::exists(service.root() / "original.jpg"));
  CHECK(service.list("quarantine.list").empty());
}
