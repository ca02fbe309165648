// SPDX-License-Identifier: Apache-2.0
// Full disks under the logs, the catalog and the quarantine, in turn and together: nothing is lost,
// nothing half done, and all goes on by itself when there is room.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "faults/catalog_support.h"
#include "faults/load_support.h"
#include "posix/unique_descriptor.h"

using namespace imgdedup::testing;
using imgdedup::protocol::Json;
namespace fs = std::filesystem;
using std::chrono::seconds;
using std::chrono::steady_clock;

namespace {

constexpr std::size_t pairs = 12;
constexpr std::size_t further_files = 300;

/// Takes all the room there is at `place`.
void fill_up(const fs::path& place) {
  const imgdedup::posix::UniqueDescriptor file(
      ::open((place / ".filler").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  REQUIRE(file);
  for (std::size_t size : {std::size_t{65536}, std::size_t{4096}, std::size_t{1}}) {
    const std::string zeros(size, '\0');
    while (::write(file.get(), zeros.data(), zeros.size()) > 0) {
    }
  }
}

void make_room(const fs::path& place) { fs::remove(place / ".filler"); }

void replace_in_settings(Service& service, const std::string& what, const std::string& by) {
  std::string text = read_file(service.settings_path());
  text.replace(text.find(what), what.size(), by);
  write_file(service.settings_path(), text);
}

/// How often each content lies below the root, quarantine included, whatever its name.
std::map<std::string, std::size_t> copies_below(const fs::path& root) {
  std::map<std::string, std::size_t> copies;
  for (const auto& entry : fs::recursive_directory_iterator(root))
    if (entry.is_regular_file() && entry.path().extension() == ".png")
      ++copies[read_file(entry.path())];
  return copies;
}

bool says(Service& service, const std::string& word) {
  try {
    return word == "moves" ? service.call("status")["moves_failed"] > 0
                           : !troubles(service, word).empty();
  } catch (const imgdedup::protocol::ServiceUnreachable&) {
    return false;  // between two lives
  }
}

}  // namespace

TEST_CASE(
    "r6-enospc-log-db-quarantine: full disks cost nothing, and work goes on when there is room") {
  if (!may_mount("r6-enospc-log-db-quarantine")) return;
  std::string which;
  std::set<std::string> full;
  std::string sign;
  SUBCASE("the logs") {
    which = "logs";
    full = {"logs"};
    sign = "duplicates-log";
  }
  SUBCASE("the catalog") {
    which = "catalog";
    full = {"catalog"};
    sign = "catalog";
  }
  SUBCASE("the quarantine") {
    which = "quarantine";
    full = {"photos"};
    sign = "moves";
  }
  SUBCASE("all of them") {
    which = "logs, catalog and quarantine";
    full = {"logs", "catalog", "photos"};
    sign = "catalog";
  }
  Service service("actions: {exact: quarantine}\ndetect: {edited: {enabled: false}}\n");
  // The quarantine lies inside the watched folder, as it does unless told otherwise.
  std::map<std::string, std::optional<SmallMount>> disks;
  // The catalog's own log is written up to 16 MiB before it is begun anew.
  for (const auto& [name, size] : {std::pair{"logs", "4m"}, {"catalog", "64m"}, {"photos", "4m"}})
    disks[name].emplace(service.base() / name, size);
  replace_in_settings(service, service.duplicates_log(), service.base() / "logs/duplicates.jsonl");
  put_catalog_at(service, service.base() / "catalog/catalog.sqlite3");
  service.run_through({"sh", "-c", "log=$1; shift; exec \"$@\" 2>> \"$log\"", "sh",
                       (service.base() / "logs/service.log").string()});
  service.start();

  const auto pictures = tiny_pictures(pairs);
  for (std::size_t i = 0; i < pairs; ++i)
    write_small_file(service.root() / ("a" + std::to_string(i) + ".png"), pictures[i]);
  // Where the service does not look; to be renamed, which takes no room.
  const fs::path incoming = service.root() / ".incoming";
  for (std::size_t i = 0; i < pairs; ++i)
    write_small_file(incoming / ("b" + std::to_string(i) + ".png"), pictures[i]);
  for (std::size_t i = 0; i < further_files; ++i)
    write_small_file(incoming / ("further" + std::to_string(i) + ".txt"), "x");
  service.sync();
  for (const std::string& name : full) fill_up(service.base() / name);
  fs::rename(incoming, service.root() / "incoming");

  double slowest_ms = 0;
  wait_until(
      [&] {
        slowest_ms = std::max(slowest_ms, status_milliseconds(service));
        return says(service, sign);
      },
      "the service to say that there is no room", seconds(60));
  CHECK(slowest_ms < 5000);
  // Where moves go on meanwhile, a file may leave a name between its being listed and read.
  wait_until(
      [&] {
        try {
          const auto copies = copies_below(service.root());
          return std::all_of(copies.begin(), copies.end(),
                             [](const auto& entry) { return entry.second == 2; });
        } catch (const std::exception&) {
          return false;
        }
      },
      "both copies of every picture to be there", seconds(30));

  const auto begin = steady_clock::now();
  for (const std::string& name : full) make_room(service.base() / name);
  wait_until(
      [&] {
        try {
          return service.list("quarantine.list").size() == pairs &&
                 service.call("status")["degraded"].empty();
        } catch (const std::exception&) {
          return false;
        }
      },
      "the service to go on", seconds(120));
  const double waited = std::chrono::duration<double>(steady_clock::now() - begin).count();
  service.sync();
  check_files_are_known(service);
  const auto copies = copies_below(service.root());
  CHECK(copies.size() == pairs);
  for (const auto& [content, count] : copies) CHECK(count == 2);
  std::set<std::int64_t> ids;
  std::set<std::string> paths;
  const std::string log = read_file(service.base() / "logs/duplicates.jsonl");
  std::size_t at = 0;
  for (auto end = log.find('\n'); end != std::string::npos; end = log.find('\n', at)) {
    const Json line = Json::parse(log.substr(at, end - at));
    CHECK(ids.insert(line["id"].get<std::int64_t>()).second);
    CHECK(paths.insert(line["path"].get<std::string>()).second);
    at = end + 1;
  }
  CHECK(at == log.size());
  CHECK(paths.size() == pairs);
  CHECK(service.stop() == 0);
  std::printf(
      "r6-enospc: no room for the %s: slowest status %.0f ms; all %zu moves done and logged "
      "%.1f s after there was room\n",
      which.c_str(), slowest_ms, pairs, waited);
}
