// SPDX-License-Identifier: Apache-2.0
// Very many events leave no descriptor behind, neither in the service nor in its workers.
#include <doctest/doctest.h>
#include <stdio.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <vector>

#include "faults/fault_support.h"
#include "faults/load_support.h"

using namespace imgdedup::testing;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t events_in_each_run = 100'000;  // IMGDEDUP_LOAD_EVENTS
constexpr std::size_t rounds = 5;

struct Open {
  std::size_t daemon = 0;
  std::vector<std::size_t> workers;  ///< sorted
  bool operator==(const Open&) const = default;

  bool is_at_most(const Open& other) const {
    return daemon <= other.daemon &&
           std::equal(workers.begin(), workers.end(), other.workers.begin(), other.workers.end(),
                      std::less_equal<>());
  }
};

Open open_descriptors(const Service& service) {
  Open open{figures_of(service.pid()).descriptors, {}};
  for (const pid_t worker : children_of(service.pid()))
    open.workers.push_back(figures_of(worker).descriptors);
  std::sort(open.workers.begin(), open.workers.end());
  return open;
}

/// What is open while nothing happens: a worker may be starting still, a client that has just gone
/// is noticed a moment later.
Open settled_descriptors(const Service& service) {
  constexpr int looks = 20;
  Open open;
  int same = 0;
  wait_until(
      [&] {
        const Open now = open_descriptors(service);
        same = now == open && now.workers.size() == 2 ? same + 1 : 0;
        open = now;
        return same == looks;
      },
      "the service and two workers to hold the same number of descriptors for a while");
  return open;
}

/// Files come, are written, get another name and go; directories come and go; commands are asked,
/// clients come and go. Four events a file for whoever watches.
void make_events(Service& service, std::size_t events, const std::vector<std::string>& pictures) {
  constexpr std::size_t events_per_file = 4;
  for (std::size_t i = 0; i < events / events_per_file; ++i) {
    const fs::path directory = service.root() / ("d" + std::to_string(i / 100 % 50));
    const fs::path file = directory / (std::to_string(i % 100) + ".png");
    write_small_file(file, pictures[i % pictures.size()]);
    const fs::path other = directory / (std::to_string(i % 100) + "-renamed.png");
    if (::rename(file.c_str(), other.c_str()) == 0 && i % 3 == 0) ::unlink(other.c_str());
    if (i % 1000 == 0) fs::remove_all(directory);
    if (i % 50 == 0) service.call("status");
  }
}

}  // namespace

TEST_CASE("r2-fdleak: after very many events the service has no more open than before") {
  const std::size_t events = size_from_environment("IMGDEDUP_LOAD_EVENTS", events_in_each_run);
  const auto pictures = tiny_pictures(50);
  // What moving leaves behind, r3-storm looks at.
  Service service("detect: {edited: {enabled: false}}\n");
  service.start();
  // All workers have started, every sort of job has been done once.
  make_events(service, events / rounds / 10, pictures);
  service.sync(std::chrono::seconds(600));
  const Open before = settled_descriptors(service);
  CHECK(before.daemon > 0);
  std::size_t most = 0;
  for (std::size_t round = 0; round < rounds; ++round) {
    make_events(service, events / rounds, pictures);
    most = std::max(most, open_descriptors(service).daemon);
    service.sync(std::chrono::seconds(600));
  }
  const Open after = settled_descriptors(service);
  CAPTURE(before.daemon);
  CAPTURE(after.daemon);
  CAPTURE(before.workers);
  CAPTURE(after.workers);
  CHECK(after.is_at_most(before));
  check_files_are_known(service);
  std::printf(
      "r2-fdleak: %zu events; %zu descriptors before, %zu meanwhile, %zu after; each worker "
      "%zu and %zu\n",
      events, before.daemon, most, after.daemon, before.workers.front(), after.workers.front());
}
