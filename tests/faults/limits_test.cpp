// SPDX-License-Identifier: Apache-2.0
// Directories that have no watch, or lose it without a word, are seen all the same.
#include <doctest/doctest.h>

#include <cstdio>

#include "faults/fault_support.h"

using namespace imgdedup::testing;
namespace fs = std::filesystem;
using std::chrono::seconds;
using std::chrono::steady_clock;

namespace {

/// Ten times as fast as the minute of a service in use.
const std::map<std::string, std::string> quick_polls = {{"IMGDEDUPD_POLL_MS", "2000"}};

std::string set_limit(const std::string& limit, int value) {
  return "echo " + std::to_string(value) + " > /proc/sys/user/" + limit;
}

/// Runs the service in a user namespace with this limit; false, said aloud, if there is none such.
bool limit_service(Service& service, const char* name, const std::string& limit, int value) {
  const std::string set = set_limit(limit, value);
  if (run_program({"unshare", "-Ur", "sh", "-c", set}).exit_status != 0) {
    std::printf("SKIPPED: %s (no user namespace with limits of its own)\n", name);
    return false;
  }
  service.run_through({"unshare", "-Ur", "sh", "-c", set + "; exec \"$@\"", "sh"});
  return true;
}

void write_in_each(const fs::path& root, int directories, const char* name) {
  for (int d = 0; d < directories; ++d)
    write_small_file(root / ("d" + std::to_string(d)) / name, "x");
}

double seconds_since(steady_clock::time_point begin) {
  return std::chrono::duration<double>(steady_clock::now() - begin).count();
}

bool knows(Service& service, const fs::path& path) {
  return files_known(service).contains(path.string());
}

}  // namespace

TEST_CASE("w5-enospc: beyond the limit of watches the service says so and finds all the same") {
  Service service;
  if (!limit_service(service, "w5-enospc", "max_inotify_watches", 50)) return;
  write_in_each(service.root(), 200, "1.txt");
  service.start(quick_polls);
  service.sync();
  check_files_are_known(service);
  const auto status = service.call("status");
  CHECK(status["state"] == "degraded");
  CHECK(status["watches"] == 50);
  CHECK(status["roots"][0]["polled_directories"] == 201 - 50);
  CHECK(status["degraded"].dump().find("max_user_watches") != std::string::npos);
  const auto begin = steady_clock::now();
  write_in_each(service.root(), 200, "2.txt");
  write_small_file(service.root() / "d150/new/deeper/3.txt", "x");
  // Nobody asks for it.
  check_files_become_known(service);
  std::printf(
      "w5-enospc: 151 of 201 directories without a watch, listed every 2 s; new files in "
      "all known after %.1f s\n",
      seconds_since(begin));
}

TEST_CASE("w5-emfile: without any inotify instance all directories are polled") {
  Service service;
  if (!limit_service(service, "w5-emfile", "max_inotify_instances", 0)) return;
  write_in_each(service.root(), 30, "1.txt");
  service.start(quick_polls);
  service.sync();
  check_files_are_known(service);
  const auto status = service.call("status");
  CHECK(status["state"] == "degraded");
  CHECK(status["watches"] == 0);
  CHECK(status["roots"][0]["polled_directories"] == 31);
  CHECK(status["degraded"].dump().find("max_user_instances") != std::string::npos);
  const auto begin = steady_clock::now();
  write_in_each(service.root(), 30, "2.txt");
  write_small_file(service.root() / "d7/new/deeper/3.txt", "x");
  fs::remove_all(service.root() / "d8");
  check_files_become_known(service);
  std::printf(
      "w5-emfile: no watch at all, listed every 2 s; new and deleted files known after "
      "%.1f s\n",
      seconds_since(begin));
}

TEST_CASE("w4-audit: a watch that goes without a word is found and set again") {
  Service service;
  write_in_each(service.root(), 10, "1.txt");
  std::map<std::string, std::string> hooks = {{"IMGDEDUPD_DROP_WATCH_AT", "drop-the-watch"}};
  const auto dropped = service.root() / "d3";
  SUBCASE("by the audit every ten minutes, here every three seconds") {
    hooks["IMGDEDUPD_AUDIT_MS"] = "3000";
    service.start(hooks);
    service.sync();
    const auto begin = steady_clock::now();
    write_small_file(dropped / "drop-the-watch", "x");
    write_small_file(dropped / "unseen.txt", "x");
    check_files_become_known(service);
    std::printf("w4-audit: files behind a dropped watch known after %.1f s (audited every 3 s)\n",
                seconds_since(begin));
  }
  SUBCASE("by the audit after a rescan") {
    service.start(hooks);
    service.sync();
    write_small_file(dropped / "drop-the-watch", "x");
    write_small_file(dropped / "unseen.txt", "x");
    write_small_file(service.root() / "d4/seen.txt", "x");
    wait_until([&] { return knows(service, service.root() / "d4/seen.txt"); }, "the seen file");
    CHECK_FALSE(knows(service, dropped / "unseen.txt"));
    service.call("rescan");
    check_files_become_known(service);
    wait_until([&] { return service.call("status")["watch_repairs"] == 1; }, "the audit");
  }
  auto status = service.call("status");
  CHECK(status["watch_repairs"] == 1);
  wait_until([&] { return service.call("status")["watches"] == 11; }, "the watch");
  CHECK(service.service_log().find("1 folders were no longer watched") != std::string::npos);
  // By its event, and no sooner than an audit could.
  service.sync();
  write_small_file(dropped / "later.txt", "x");
  wait_until([&] { return knows(service, dropped / "later.txt"); }, "an event of the new watch",
             seconds(30));
  CHECK(service.call("status")["watch_repairs"] == 1);
}

TEST_CASE(
    "w4-audit: an audit of sound watches, and of directories that come and go, repairs none") {
  Service service;
  write_in_each(service.root(), 50, "1.txt");
  service.start({{"IMGDEDUPD_AUDIT_MS", "20"}});
  const auto end = steady_clock::now() + seconds(3);
  for (int round = 0; steady_clock::now() < end; ++round) {
    const fs::path directory = service.root() / ("d" + std::to_string(round % 50));
    fs::rename(directory, service.root() / "moving");
    write_small_file(directory / "new/1.txt", "x");
    fs::remove_all(service.root() / "moving");
  }
  check_files_become_known(service);
  const auto status = service.call("status");
  CHECK(status["watch_repairs"] == 0);
  std::printf("w4-audit: 150 audits amid directories that come and go, %llu repairs\n",
              status["watch_repairs"].get<unsigned long long>());
}
