// SPDX-License-Identifier: Apache-2.0
// Nothing is missed: after floods, races and absence the service knows what `find` knows. Most of
// these tests never ask for a sync or rescan, which would hide a lost event.
#include <doctest/doctest.h>
#include <fcntl.h>
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

void swap_names(const fs::path& a, const fs::path& b) {
  REQUIRE(::renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE) == 0);
}

}  // namespace

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
  std::printf("w10-flood: status p99 %.1f ms, slowest %.1f ms, of %zu calls\n", p99,
              milliseconds.back(), milliseconds.size());
  CHECK(p99 < 100);
  check_files_become_known(service);
}

TEST_CASE("w11-down: what happened while the service was down is known after its start") {
  Service service("actions: {exact: quarantine}\n");
  service.start();
  constexpr int files = 3000;
  for (int i = 0; i < files; ++i)
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
  std::size_t changes = 900 + 2;  // what left d1, came to d1, moved with d3; two pictures
  for (int i = 5; i < files; i += 10) {
    const std::string name = std::to_string(i) + ".txt";
    write_small_file(service.root() / "d5" / name, "changed");
    fs::rename(service.root() / "d6" / (std::to_string(i + 1) + ".txt"),
               service.root() / "d7" / ("moved" + name));
    fs::remove(service.root() / "d8" / (std::to_string(i + 3) + ".txt"));
    write_small_file(service.root() / "new/deeper" / name, "new");
    changes += 4;
  }
  // The copy of what is there no longer must not be taken for a duplicate.
  write_file(service.root() / "original.jpg", other);
  write_file(service.root() / "copy.jpg", original);
  const auto begin = steady_clock::now();
  service.start();
  service.sync();
  check_files_are_known(service);
  CHECK(fs::exists(service.root() / "copy.jpg"));
  CHECK(fs::exists(service.root() / "original.jpg"));
  CHECK(service.list("quarantine.list").empty());
  std::printf("w11-down: %zu changes while it was down, found %.1f s after the start\n", changes,
              std::chrono::duration<double>(steady_clock::now() - begin).count());
}
