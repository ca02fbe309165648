// SPDX-License-Identifier: Apache-2.0
// A catalog that cannot be written for a while: the service answers, waits, loses nothing, goes on.
#include <doctest/doctest.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdio>

#include "faults/catalog_support.h"

using namespace imgdedup::testing;
namespace fs = std::filesystem;
using std::chrono::steady_clock;

namespace {

constexpr const char* quarantine_exact = "actions: {exact: quarantine}\n";

bool remount(const fs::path& place, unsigned long flags, const char* options) {
  return ::mount("imgdedup-test", place.c_str(), "tmpfs", MS_REMOUNT | flags, options) == 0;
}

/// Asks for the status until it names the catalog; the slowest answer in milliseconds.
double wait_for_outage(Service& service) {
  double slowest = 0;
  wait_until(
      [&] {
        slowest = std::max(slowest, status_milliseconds(service));
        try {
          return !troubles(service, "catalog").empty();
        } catch (const imgdedup::protocol::ServiceUnreachable&) {
          return false;
        }
      },
      "the service to say that the catalog cannot be used");
  return slowest;
}

void wait_for_end_of_outage(Service& service) {
  wait_until(
      [&] {
        try {
          return troubles(service, "catalog").empty();
        } catch (const imgdedup::protocol::ServiceUnreachable&) {
          return false;
        }
      },
      "the service to go on");
}

}  // namespace

TEST_CASE("d6-full: with a full disk under the catalog nothing moves, and all goes on afterwards") {
  if (!may_mount("d6-full")) return;
  Service service(quarantine_exact);
  const SmallMount disk(service.base() / "disk", "1m");
  put_catalog_at(service, service.base() / "disk/catalog.sqlite3");
  service.start();
  write_file(service.root() / "a.jpg", photo(1));
  service.sync();
  constexpr int files = 3000;
  for (int i = 0; i < files; ++i)
    write_small_file(service.root() / ("many/" + std::string(100, 'n') + std::to_string(i)), "x");
  const double slowest = wait_for_outage(service);
  write_file(service.root() / "b.jpg", photo(1));
  CHECK(service.call("status")["state"] == "degraded");
  const std::string words = troubles(service, "catalog").at(0);
  CHECK((words.find("disk is full") != std::string::npos ||
         words.find("No space left") != std::string::npos));
  const auto refused = service.ctl({"duplicates"});
  CHECK(refused.exit_status == 1);
  CHECK(refused.errors.find("nothing is lost") != std::string::npos);
  CHECK(fs::exists(service.root() / "b.jpg"));
  CHECK(count_files(service.root(), ".jpg") == 2);

  const auto begin = steady_clock::now();
  REQUIRE(remount(service.base() / "disk", 0, "size=64m"));
  wait_for_end_of_outage(service);
  const std::chrono::duration<double> waited = steady_clock::now() - begin;
  service.sync();
  check_files_are_known(service);
  CHECK(service.list("quarantine.list").size() == 1);
  CHECK(read_file(service.root() / "a.jpg") == photo(1));
  CHECK(service.stop() == 0);
  std::printf(
      "d6-full: slowest status %.0f ms; went on %.1f s after there was room; %d files known\n",
      slowest, waited.count(), files + 1);
}

TEST_CASE("d6-busy: while another program holds the catalog the socket answers; nothing is lost") {
  Service service(quarantine_exact);
  service.start();
  write_file(service.root() / "a.jpg", photo(1));
  service.sync();
  // A tenth of the half minute that people are known to forget a prompt for.
  constexpr std::chrono::seconds held{3};
  double slowest = 0;
  int answers = 0;
  {
    OtherProgram other(service.catalog());
    other.run("BEGIN IMMEDIATE");
    write_file(service.root() / "b.jpg", photo(1));
    write_file(service.root() / "c.jpg", photo(2));
    const auto end = steady_clock::now() + held;
    for (; steady_clock::now() < end; ++answers)
      slowest = std::max(slowest, status_milliseconds(service));
    CHECK(fs::exists(service.root() / "b.jpg"));
    CHECK_FALSE(troubles(service, "catalog").empty());
    other.run("ROLLBACK");
  }
  CHECK(slowest < 2500);
  wait_for_end_of_outage(service);
  service.sync();
  check_files_are_known(service);
  CHECK(service.list("quarantine.list").size() == 1);
  CHECK(service.stop() == 0);
  std::printf("d6-busy: held for %lld s, %d answers meanwhile, the slowest %.0f ms\n",
              static_cast<long long>(held.count()), answers, slowest);
}

TEST_CASE("d6-readonly: on a read-only disk the service waits, says so, and goes on afterwards") {
  if (!may_mount("d6-readonly")) return;
  Service service(quarantine_exact);
  const SmallMount disk(service.base() / "disk", "16m");
  put_catalog_at(service, service.base() / "disk/catalog.sqlite3");
  service.start();
  write_file(service.root() / "a.jpg", photo(1));
  service.sync();
  CHECK(service.stop() == 0);
  REQUIRE(remount(service.base() / "disk", MS_RDONLY, ""));
  write_file(service.root() / "b.jpg", photo(1));
  service.start();
  const double slowest = wait_for_outage(service);
  CHECK(troubles(service, "catalog").at(0).find("Read-only") != std::string::npos);
  CHECK(fs::exists(service.root() / "b.jpg"));
  REQUIRE(remount(service.base() / "disk", 0, ""));
  wait_for_end_of_outage(service);
  service.sync();
  check_files_are_known(service);
  CHECK(service.list("quarantine.list").size() == 1);
  std::printf("d6-readonly: slowest status %.0f ms, then 1 file moved\n", slowest);
}

TEST_CASE("d9-walgrow: a reader that never ends its listing does not make the -wal grow") {
  Service service;
  constexpr int files = 4000;
  constexpr int rounds = 6;
  for (int i = 0; i < files; ++i)
    write_small_file(service.root() / "d" / ("n" + std::to_string(i)), "x");
  service.start();
  service.sync();
  const std::string slow = std::string(IMGDEDUPCTL_PATH) + " --socket " +
                           service.socket().string() + " files | sleep 1000";
  const pid_t reader = ::fork();
  if (reader == 0) {
    ::setpgid(0, 0);
    ::execl("/bin/sh", "sh", "-c", slow.c_str(), nullptr);
    ::_exit(127);
  }
  std::uintmax_t largest = 0;
  for (int round = 0; round < rounds; ++round) {
    fs::rename(service.root() / (round % 2 ? "e" : "d"), service.root() / (round % 2 ? "d" : "e"));
    for (int i = 0; i < files; i += 4)
      write_small_file(service.root() / (round % 2 ? "d" : "e") / ("n" + std::to_string(i)), "yy");
    service.sync();
    largest = std::max(largest, fs::file_size(service.catalog().string() + "-wal"));
  }
  ::kill(-reader, SIGKILL);
  ::waitpid(reader, nullptr, 0);
  CHECK(largest < std::uintmax_t{64} << 20);
  check_files_are_known(service);
  std::printf("d9-walgrow: %d changes under a stuck listing, -wal %.1f MiB at most\n",
              rounds * (files + files / 4), static_cast<double>(largest) / (1 << 20));
}
