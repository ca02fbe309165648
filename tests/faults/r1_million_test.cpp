// SPDX-License-Identifier: Apache-2.0
// Very many files at once: all known in the end, in bounded memory, answering all along.
#include <doctest/doctest.h>

#include <cstdio>
#include <map>
#include <set>

#include "faults/fault_support.h"
#include "faults/load_support.h"

using namespace imgdedup::testing;
using imgdedup::protocol::Json;
namespace fs = std::filesystem;
using std::chrono::seconds;
using std::chrono::steady_clock;

namespace {

constexpr std::size_t different_pictures = 300;
constexpr std::size_t million_in_each_run = 100'000;  // IMGDEDUP_LOAD_FILES: more, by hand
constexpr std::size_t killed_in_each_run = 20'000;    // IMGDEDUP_LOAD_KILLED_FILES
constexpr double most_memory_mib = 300;
constexpr seconds long_time{7200};

double seconds_since(steady_clock::time_point begin) {
  return std::chrono::duration<double>(steady_clock::now() - begin).count();
}

/// Waits until so many files have left the queue of those that wait.
void wait_for_looked_at(Service& service, std::size_t files) {
  wait_until(
      [&] {
        const Json status = service.call("status");
        return status["images"].get<std::size_t>() + status["unreadable"].get<std::size_t>() +
                   status["incomplete"].get<std::size_t>() >=
               files;
      },
      "the files to be looked at", long_time);
}

/// Every file on the disk is known under its name, in the state of its sort, and no other is.
void check_states(Service& service, const LoadCounts& counts) {
  std::set<std::string> known;
  std::map<std::string, std::size_t> states;
  for (const Json& file : service.list("files")) {
    known.insert(file["path"].get<std::string>());
    ++states[file["state"].get<std::string>()];
  }
  CHECK(known == files_on_disk(service.root()));
  CHECK(states["judged"] == counts.pictures);
  CHECK(states["alias"] == counts.links);
  CHECK(states["incomplete"] + states["unreadable"] == counts.cut);
  CHECK(states["not-an-image"] == counts.others);
}

/// One decision for each picture but the originals, each in the log once, in the order of ids; one
/// that takes the place of another names it.
std::size_t check_decisions(Service& service, std::size_t pictures) {
  const Json status = service.call("status");
  const auto originals = status["index"]["hashes"].get<std::size_t>();
  CHECK(originals > 0);
  CHECK(originals <= different_pictures);
  std::map<std::string, std::int64_t> last_id_of;
  std::int64_t last_id = 0;
  std::size_t wrong = 0;
  for (const Json& line : service.log_lines()) {
    const auto id = line["id"].get<std::int64_t>();
    wrong += id > last_id ? 0 : 1;
    last_id = id;
    const auto [place, is_first] = last_id_of.emplace(line["path"].get<std::string>(), id);
    if (!is_first && line["supersedes"] != place->second) ++wrong;
    place->second = id;
  }
  CHECK(wrong == 0);
  CHECK(last_id_of.size() == pictures - originals);
  return last_id_of.size();
}

}  // namespace

TEST_CASE("r1-million: very many files at once are all known in the end, in bounded memory") {
  const std::size_t files = size_from_environment("IMGDEDUP_LOAD_FILES", million_in_each_run);
  Service service("detect: {edited: {enabled: false}}\n");
  service.start();
  service.sync();
  StatusWatch watch(service);
  const auto begin = steady_clock::now();
  const LoadCounts counts = write_load(service.root(), files / 100 < 1000 ? files / 100 : 1000,
                                       files, tiny_pictures(different_pictures));
  const double written = seconds_since(begin);
  service.sync(long_time);
  const double known = seconds_since(begin);
  const auto figures = watch.stop();
  std::printf(
      "r1-million: %zu files written in %.0f s, all known after %.0f s (%.0f a second); %s\n",
      files, written, known, static_cast<double>(files) / known, to_text(figures).c_str());
  CHECK(counts.all() == files);
  CHECK(figures.daemon_peak_mib < most_memory_mib);
  check_answers(figures);
  check_states(service, counts);
  check_decisions(service, counts.pictures);

  // The next start looks at all of them again.
  CHECK(service.stop() == 0);
  const auto again = steady_clock::now();
  service.start();
  StatusWatch second_watch(service);
  service.sync(long_time);
  const auto second = second_watch.stop();
  std::printf("r1-million: started again, all compared after %.1f s; %s\n", seconds_since(again),
              to_text(second).c_str());
  CHECK(second.daemon_peak_mib < most_memory_mib);
  check_answers(second);
}

TEST_CASE(
    "r1-kill: killed at half of very many files, all are known and each decision is logged once") {
  const std::size_t files = size_from_environment("IMGDEDUP_LOAD_KILLED_FILES", killed_in_each_run);
  Service service("detect: {edited: {enabled: false}}\n");
  service.start();
  const LoadCounts counts =
      write_load(service.root(), files / 100, files, tiny_pictures(different_pictures));
  const std::size_t looked_at = counts.pictures + counts.cut;
  for (const std::size_t eighths : {2, 4, 6}) {
    wait_for_looked_at(service, looked_at * eighths / 8);
    service.kill();
    service.start();
  }
  service.sync(long_time);
  check_states(service, counts);
  const std::size_t decisions = check_decisions(service, counts.pictures);
  std::printf(
      "r1-kill: %zu files, killed at 1/4, 1/2 and 3/4: all known, %zu decisions, each in "
      "the log once\n",
      files, decisions);
}
