// SPDX-License-Identifier: Apache-2.0
// Files that never become quiet keep no other file waiting, and are forgotten by nobody.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <thread>
#include <vector>

#include "faults/fault_support.h"
#include "faults/worker_support.h"

using namespace imgdedup::testing;
namespace fs = std::filesystem;
using std::chrono::seconds;
using std::chrono::steady_clock;

namespace {

/// More than the service looks at side by side.
constexpr int restless_files = 2100;

fs::path restless_path(const Service& service, int number) {
  return service.root() / "restless" / (std::to_string(number) + ".txt");
}

std::size_t pending(Service& service) {
  return service.call("status")["pending"].get<std::size_t>();
}

bool is_judged(Service& service, const fs::path& path) {
  const auto files = service.list("files", {{"under", path.parent_path().string()}});
  return std::any_of(files.begin(), files.end(), [&](const auto& file) {
    return file["path"] == path.string() && file["state"] != "pending";
  });
}

/// The restless ones are known and wait; then another file comes and has its decision.
void check_another_file_is_judged(Service& service) {
  wait_until([&] { return pending(service) >= restless_files; }, "the restless files");
  const auto begin = steady_clock::now();
  const fs::path good = service.root() / "quiet" / "good.jpg";
  write_file(good, jpeg(1));
  wait_until([&] { return is_judged(service, good); }, "the quiet file", seconds(60));
  std::printf("w13-restless: judged after %.1f s beside %zu files that are not quiet\n",
              std::chrono::duration<double>(steady_clock::now() - begin).count(), pending(service));
  CHECK(pending(service) > restless_files / 2);
}

void check_all_are_judged(Service& service) {
  service.sync(seconds(120));
  CHECK(pending(service) == 0);
  CHECK(service.list("files", {{"under", (service.root() / "restless").string()}}).size() ==
        restless_files);
}

/// Touches all of them for as long as it lives.
class Toucher {
 public:
  explicit Toucher(const Service& service)
      : thread_([this, &service] {
          while (!is_over_) {
            for (int i = 0; i < restless_files; ++i)
              ::utimensat(AT_FDCWD, restless_path(service, i).c_str(), nullptr, 0);
            std::this_thread::sleep_for(std::chrono::milliseconds(200));
          }
        }) {}
  ~Toucher() {
    is_over_ = true;
    thread_.join();
  }
  Toucher(const Toucher&) = delete;
  Toucher& operator=(const Toucher&) = delete;

 private:
  std::atomic<bool> is_over_ = false;
  std::thread thread_;
};

}  // namespace

TEST_CASE("w13-restless: files that are touched without end keep no other file waiting") {
  Service service;
  change_setting(service, "settle_time: 100ms", "settle_time: 500ms");
  service.start();
  for (int i = 0; i < restless_files; ++i) write_small_file(restless_path(service, i), "x");
  {
    const Toucher toucher(service);
    check_another_file_is_judged(service);
  }
  check_all_are_judged(service);
}

TEST_CASE("w13-restless: files that are held open for writing keep no other file waiting") {
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  limit.rlim_cur = limit.rlim_max;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
  if (limit.rlim_max < restless_files + 200) {
    std::printf("SKIPPED: w13-restless (a process may not open as many files)\n");
    return;
  }
  Service service;
  service.start();
  std::vector<imgdedup::posix::UniqueDescriptor> writers;
  for (int i = 0; i < restless_files; ++i) {
    write_small_file(restless_path(service, i), "x");
    writers.emplace_back(::open(restless_path(service, i).c_str(), O_WRONLY | O_CLOEXEC));
    REQUIRE(writers.back());
  }
  check_another_file_is_judged(service);
  // Who waits for all that lay there waits for these as well, wherever they wait.
  CHECK(service.ctl({"sync", "--timeout", "3s"}).exit_status != 0);
  writers.clear();
  check_all_are_judged(service);
}
