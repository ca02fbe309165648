// SPDX-License-Identifier: Apache-2.0
// Nobody reads what the service says: it goes on all the same, and counts what was lost.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <cstdio>

#include "faults/fault_support.h"
#include "faults/load_support.h"
#include "posix/unique_descriptor.h"

using namespace imgdedup::testing;

TEST_CASE(
    "r4-logblock: with a log that nobody reads everything is indexed, and lost lines counted") {
  const std::size_t files = size_from_environment("IMGDEDUP_LOAD_FILES", 20'000);
  Service service("detect: {edited: {enabled: false}}\nlog: {level: debug}\n");
  // As `2> >(sleep 1000)` would have it, but with nobody left behind: it fills and stays full.
  const std::string pipe = service.base() / "log-pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  const imgdedup::posix::UniqueDescriptor reader(
      ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  REQUIRE(reader);
  service.run_through({"sh", "-c", "pipe=$1; shift; exec \"$@\" 2> \"$pipe\"", "sh", pipe});
  service.start();
  StatusWatch watch(service);
  // So many lines a time are written at most: long names make them more than may wait.
  const auto folder = service.root() / std::string(200, 'n');
  std::filesystem::create_directories(folder);
  const LoadCounts counts = write_load(folder, files / 100, files, tiny_pictures(100));
  service.sync(std::chrono::seconds(3600));
  const auto figures = watch.stop();
  check_files_are_known(service);
  check_answers(figures);
  const auto status = service.call("status");
  CHECK(status["images"] == counts.pictures);
  const auto dropped = status["log_lines_dropped"].get<std::size_t>();
  CHECK(dropped > 0);
  CHECK(service.stop() == 0);
  std::printf("r4-logblock: %zu files, all known; %zu lines of the log lost and counted; %s\n",
              files, dropped, to_text(figures).c_str());
}
