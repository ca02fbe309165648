// SPDX-License-Identifier: Apache-2.0
// Two services at once, new settings, and ends of every kind.
#include <doctest/doctest.h>
#include <signal.h>

#include <set>

#include "faults/fault_support.h"
#include "support/drawn_pictures.h"

using namespace imgdedup::testing;
using imgdedup::protocol::Json;
namespace fs = std::filesystem;
using std::chrono::seconds;
using std::chrono::steady_clock;

namespace {

constexpr const char* quarantine_exact = "actions: {exact: quarantine}\n";

std::string watch_of(std::initializer_list<fs::path> roots) {
  std::string yaml;
  for (const fs::path& root : roots) yaml += "  - {path: '" + root.string() + "'}\n";
  return yaml;
}

bool log_says(const Service& service, std::string_view words) {
  return service.service_log().find(words) != std::string::npos;
}

/// Of each pair x<i>, y<i> exactly one is there, the other in quarantine; the log says it once.
void check_pairs(Service& service, int pairs) {
  int wrong = 0;
  for (int i = 0; i < pairs; ++i)
    if (fs::exists(service.root() / ("x" + std::to_string(i) + ".jpg")) ==
        fs::exists(service.root() / ("y" + std::to_string(i) + ".jpg")))
      ++wrong;
  CHECK(wrong == 0);
  const auto size = static_cast<std::size_t>(pairs);
  CHECK(service.list("quarantine.list").size() == size);
  CHECK(count_files(service.root() / ".imgdedup-quarantine", ".jpg") == size);
  CHECK(count_files(service.root() / ".imgdedup-quarantine", ".json") == size);
  std::set<std::string> paths;
  std::int64_t last_id = 0;
  for (const Json& line : service.log_lines()) {
    CHECK(line["id"].get<std::int64_t>() > last_id);
    last_id = line["id"].get<std::int64_t>();
    CHECK(paths.insert(line["path"].get<std::string>()).second);
  }
  CHECK(paths.size() == size);
}

}  // namespace

TEST_CASE("k1-two-daemons: a second service on the same catalog or socket is refused") {
  Service service(quarantine_exact);
  service.start();
  write_file(service.root() / "a.jpg", small_jpeg(1));
  service.sync();
  const std::string settings = read_file(service.settings_path());
  const auto with = [&](const fs::path& mine, const std::string& other) {
    std::string text = settings;
    text.replace(text.find(mine.string()), mine.string().size(), other);
    write_file(service.base() / "second.yaml", text);
    return run_program({IMGDEDUPD_PATH, "--config", (service.base() / "second.yaml").string()});
  };
  const ProgramResult same_catalog =
      with(service.socket(), (service.base() / "other.sock").string());
  CHECK(same_catalog.exit_status == 1);
  CHECK(same_catalog.errors.find(service.catalog().string()) != std::string::npos);
  MESSAGE(same_catalog.errors);
  const ProgramResult same_socket =
      with(service.catalog(), (service.base() / "other.sqlite3").string());
  CHECK(same_socket.exit_status == 1);
  CHECK(same_socket.errors.find(service.socket().string()) != std::string::npos);
  MESSAGE(same_socket.errors);
  write_file(service.root() / "b.jpg", small_jpeg(1));
  service.sync();
  CHECK(service.list("quarantine.list").size() == 1);
  CHECK(service.log_lines().size() == 1);
}

TEST_CASE("SIGHUP with a bad file keeps the old settings and says what is wrong") {
  Service service(quarantine_exact);
  service.start();
  write_file(service.root() / "a.jpg", small_jpeg(1));
  service.sync();
  service.write_settings("actions: {exact: shred}\n");
  ::kill(service.pid(), SIGHUP);
  wait_until([&] { return service.call("status")["last_error"].is_string(); }, "the error");
  CHECK(service.call("status")["last_error"].get<std::string>().find("actions.exact") !=
        std::string::npos);
  CHECK(log_says(service, "the settings stay as they were"));
  write_file(service.root() / "b.jpg", small_jpeg(1));
  service.sync();
  CHECK(service.list("quarantine.list").size() == 1);
}

TEST_CASE("SIGHUP with another folder watches it; a folder that is taken out is forgotten") {
  TemporaryDirectory folders;
  const fs::path first = folders / "first";
  const fs::path second = folders / "second";
  fs::create_directories(first);
  fs::create_directories(second);
  Service service("", watch_of({first}));
  service.start();
  const pid_t pid = service.pid();
  write_file(first / "a.jpg", small_jpeg(1));
  write_file(second / "b.jpg", small_jpeg(1));
  service.sync();
  CHECK(files_known(service) == std::set<std::string>{first / "a.jpg"});

  const auto reload = [&](std::initializer_list<fs::path> roots) {
    service.write_settings("", watch_of(roots));
    ::kill(service.pid(), SIGHUP);
    wait_until(
        [&] {
          try {
            const auto status = service.call("status");
            return status["roots"].size() == roots.size() &&
                   status["roots"][0]["path"] == roots.begin()->string();
          } catch (const imgdedup::protocol::ServiceUnreachable&) {
            return false;
          }
        },
        "the new settings");
    service.sync();
  };
  reload({first, second});
  CHECK(files_known(service) == std::set<std::string>{first / "a.jpg", second / "b.jpg"});
  CHECK(service.list("duplicates").size() == 1);
  write_file(second / "c.jpg", small_jpeg(1));
  wait_until([&] { return service.list("duplicates").size() == 2; }, "events in the new folder");

  reload({second});
  CHECK(files_known(service) == std::set<std::string>{second / "b.jpg", second / "c.jpg"});
  // One of those that were duplicates is the original now.
  CHECK(service.list("duplicates").size() == 1);
  CHECK(service.pid() == pid);
  CHECK(service.is_running());
}

TEST_CASE("u3-term: SIGTERM in the middle of a burst ends in order and loses nothing") {
  Service service(quarantine_exact);
  service.start();
  constexpr int pairs = 60;
  for (int i = 0; i < pairs; ++i) {
    const std::string bytes = small_jpeg(static_cast<std::uint64_t>(i) + 1);
    write_file(service.root() / ("x" + std::to_string(i) + ".jpg"), bytes);
    write_file(service.root() / ("y" + std::to_string(i) + ".jpg"), bytes);
    if (i % 20 != 19) continue;
    wait_until([&] { return service.call("status")["images"] > 0; }, "the work to have begun");
    const auto begin = steady_clock::now();
    CHECK(service.stop() == 0);
    CHECK(steady_clock::now() - begin < seconds(5));
    service.start();
  }
  service.sync();
  check_pairs(service, pairs);
}

TEST_CASE("r1-kill: killed while 500 pictures arrive, one of each pair stays and is logged once") {
  Service service(quarantine_exact);
  service.start();
  constexpr int pairs = 250;
  for (int i = 0; i < pairs; ++i) {
    const std::string bytes = small_jpeg(static_cast<std::uint64_t>(i) + 1);
    write_file(service.root() / ("x" + std::to_string(i) + ".jpg"), bytes);
    write_file(service.root() / ("y" + std::to_string(i) + ".jpg"), bytes);
  }
  // Each life moves some, and is killed when it has.
  for (const int moved : {5, 60, 140}) {
    wait_until(
        [&] {
          return count_files(service.root() / ".imgdedup-quarantine", ".jpg") >=
                 static_cast<std::size_t>(moved);
        },
        "some moves");
    service.kill();
    service.start();
  }
  service.sync();
  check_pairs(service, pairs);
}

TEST_CASE("k1-two-daemons: while one service moves a file of a folder, another moves none of it") {
  Service first(quarantine_exact);
  Service second(std::string("keep: oldest\n") + quarantine_exact, watch_of({first.root()}));
  write_small_file(second.duplicates_log(), R"({"id":1000})"
                                            "\n");
  const fs::path x = first.root() / "x.jpg";
  const fs::path y = first.root() / "y.jpg";
  write_file(x, small_jpeg(1));
  // Each takes the other's original for the duplicate.
  HoldingPoint held(first, "before_rename");
  first.start(held.environment());
  first.sync();
  write_file(first.base() / "new.jpg", small_jpeg(1));
  fs::last_write_time(first.base() / "new.jpg", fs::last_write_time(x) - std::chrono::hours(24));
  fs::rename(first.base() / "new.jpg", y);
  held.wait();
  second.start();
  second.sync();
  wait_until([&] { return second.call("status")["moves_undone"] > 0; }, "the other's turn");
  CHECK(second.call("status")["last_error"].dump().find("another service moves a file") !=
        std::string::npos);
  CHECK(fs::exists(x));
  CHECK(fs::exists(y));
  CHECK(second.list("quarantine.list").empty());
  held.release();
  first.sync();
  second.sync();
  first.sync();
  CHECK(fs::exists(x) != fs::exists(y));
  CHECK(count_files(first.root(), ".jpg") == 2);
}

TEST_CASE("k1-two-daemons: two services on one folder never move both of a pair") {
  Service first(quarantine_exact);
  Service second(std::string("keep: oldest\n") + quarantine_exact, watch_of({first.root()}));
  constexpr int pairs = 40;
  for (int i = 0; i < pairs; ++i) {
    const std::string bytes = small_jpeg(static_cast<std::uint64_t>(i) + 1);
    // The first service finds x first, to the second y is the original.
    write_file(first.root() / ("x" + std::to_string(i) + ".jpg"), bytes);
    const fs::path y = first.root() / ("y" + std::to_string(i) + ".jpg");
    write_file(y, bytes);
    fs::last_write_time(y, fs::last_write_time(y) - std::chrono::hours(24));
  }
  // Ids of their own, so that their names in quarantine differ.
  write_small_file(second.duplicates_log(), R"({"id":1000})"
                                            "\n");
  first.start_unanswered();
  second.start();
  wait_until(
      [&] {
        try {
          return first.call("status").is_object();
        } catch (const std::exception&) {
          return false;
        }
      },
      "the first service to answer");
  first.sync();
  second.sync();
  first.sync();
  int wrong = 0;
  for (int i = 0; i < pairs; ++i)
    if (!fs::exists(first.root() / ("x" + std::to_string(i) + ".jpg")) &&
        !fs::exists(first.root() / ("y" + std::to_string(i) + ".jpg")))
      ++wrong;
  CHECK(wrong == 0);
  CHECK(count_files(first.root(), ".jpg") == 2 * pairs);
}
