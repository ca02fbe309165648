// SPDX-License-Identifier: Apache-2.0
// The real imgdedupctl against a fake service.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "ctl/commands.h"
#include "protocol/command_table.h"
#include "protocol/fake_service.h"
#include "protocol/json_rpc.h"
#include "protocol/path_text.h"
#include "protocol/reports.h"
#include "protocol/utf8.h"
#include "support/temporary_directory.h"

using namespace imgdedup::protocol;
using imgdedup::testing::FakeService;
using imgdedup::testing::read_file;
using imgdedup::testing::TemporaryDirectory;
using imgdedup::testing::write_file;

namespace {

struct Outcome {
  int status = -1;  ///< of exit; 128 + signal; -1: had to be killed
  std::string out, errors;
};

/// Waits for `pid` up to a deadline; kills it after.
int exit_status_of(pid_t pid) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  int status = 0;
  while (::waitpid(pid, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > deadline) {
      ::kill(pid, SIGKILL);
      ::waitpid(pid, &status, 0);
      return -1;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

class Fixture {
 public:
  /// Runs imgdedupctl with $IMGDEDUPD_SOCKET set to the fixture's socket.
  Outcome run(std::vector<std::string> words, const std::string& out_path = "") const {
    words.insert(words.begin(), "imgdedupctl");
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    std::string socket_variable = "IMGDEDUPD_SOCKET=" + socket_path();
    std::vector<char*> environment{socket_variable.data(), nullptr};
    const std::string out = out_path.empty() ? (directory / "out").string() : out_path;
    const std::string errors = directory / "errors";
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    const int flags = O_WRONLY | O_CREAT | O_TRUNC;
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, out.c_str(), flags, 0600);
    posix_spawn_file_actions_addopen(&actions, 2, errors.c_str(), flags, 0600);
    pid_t pid = 0;
    REQUIRE(::posix_spawn(&pid, IMGDEDUPCTL_PATH, &actions, nullptr, arguments.data(),
                          environment.data()) == 0);
    posix_spawn_file_actions_destroy(&actions);
    Outcome outcome;
    outcome.status = exit_status_of(pid);
    if (out_path.empty()) outcome.out = read_file(out);
    outcome.errors = read_file(errors);
    return outcome;
  }

  std::string socket_path() const { return directory / "socket"; }

  TemporaryDirectory directory;
};

Json request_of(const std::string& line) { return Json::parse(line); }

/// Answers every request with what `result_of` makes of its method and params.
FakeService::Handler answering(std::function<Json(const std::string&, const Json&)> result_of) {
  return [=](const std::string& line, const std::vector<std::string>&) {
    const Json request = request_of(line);
    return FakeService::Answer{result_line(
        request["id"], result_of(request["method"].get<std::string>(), request["params"]))};
  };
}

/// Answers every command with the example of its documentation, listings with one page.
FakeService::Handler examples() {
  return answering([](const std::string& method, const Json&) {
    Json result = Json::parse(page_of(*find_command(method)).example_result);
    if (result.contains("next")) result["next"] = nullptr;
    return result;
  });
}

FakeService::Handler failing(ErrorCode code, const std::string& message) {
  return [=](const std::string& line, const std::vector<std::string>&) {
    return FakeService::Answer{error_line(request_of(line)["id"], code, message)};
  };
}

Json file_item(std::int64_t id, const std::string& path) {
  FileReport file;
  file.id = id;
  file.path = path;
  return file;
}

/// Names of /a, /a\xff and a name with a newline, one a page.
FakeService::Handler paged_files() {
  return answering([](const std::string&, const Json& params) {
    const std::vector<std::string> paths{"/a", "/a\xff\033", "/n\nl"};
    const auto index = params.value("after", std::size_t{0});
    const Json item = file_item(static_cast<std::int64_t>(index) + 1, paths[index]);
    return make_page(Json::array({item}), index + 1 < paths.size() ? Json(index + 1) : Json());
  });
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "every command succeeds on the documented answer, in both forms") {
  const FakeService service(socket_path(), examples());
  write_file(directory / "copy.jpg", "bytes");
  const std::vector<std::vector<std::string>> commands{
      {"status"},
      {"sync"},
      {"duplicates"},
      {"groups"},
      {"distinct", "/a", "/b"},
      {"query", directory / "copy.jpg"},
      {"explain", directory / "copy.jpg", directory / "copy.jpg"},
      {"files"},
      {"unreadable"},
      {"quarantine", "list"},
      {"rescan"},
      {"pause"},
      {"quarantine", "restore", "9"},
      {"resume"},
      {"reload"},
      {"quarantine", "restore", "--all"},
      {"events"},
      {"metrics"}};
  for (std::vector<std::string> words : commands) {
    CAPTURE(words.front());
    const Outcome table = run(words);
    CHECK(table.status == 0);
    CHECK(table.errors == "");
    CHECK((!table.out.empty() || words.front() == "events"));
    CHECK(table.out.find('\033') == std::string::npos);
    words.emplace_back("--json");
    const Outcome json = run(words);
    CHECK(json.status == 0);
    CHECK(!Json::parse(json.out, nullptr, false).is_discarded());
  }
}

TEST_CASE_FIXTURE(Fixture, "--json prints the result as it came, listings as an array of items") {
  const FakeService service(socket_path(), examples());
  CHECK(Json::parse(run({"status", "--json"}).out) ==
        Json::parse(page_of(*find_command("status")).example_result));
  CHECK(Json::parse(run({"duplicates", "--json"}).out) ==
        Json::parse(page_of(*find_command("duplicates")).example_result)["items"]);
}

TEST_CASE_FIXTURE(Fixture, "an empty listing is an empty array, or a sentence") {
  const FakeService service(socket_path(), answering([](const std::string&, const Json&) {
                              return make_page(Json::array(), nullptr);
                            }));
  CHECK(run({"duplicates", "--json"}).out == "[]\n");
  CHECK(run({"groups", "--json"}).out == "[]\n");
  CHECK(run({"duplicates"}).out == "No duplicates.\n");
  CHECK(run({"quarantine", "list"}).out == "Nothing in quarantine.\n");
  CHECK(run({"files"}).out == "");
  CHECK(run({"events"}).out == "");
}

TEST_CASE_FIXTURE(Fixture, "files prints the raw bytes of every page") {
  const FakeService service(socket_path(), paged_files());
  CHECK(run({"files", "-0"}).out == std::string("/a\0/a\xff\033\0/n\nl\0", 13));
  CHECK(run({"files"}).out == "/a\n/a\\xff\\x1b\n/n\\nl\n");
  const Json all = Json::parse(run({"files", "--json"}).out);
  REQUIRE(all.size() == 3);
  CHECK(get_path(all[1], "path") == "/a\xff\033");
}

TEST_CASE_FIXTURE(Fixture, "a page limit stops the listing") {
  const FakeService service(socket_path(), answering([](const std::string&, const Json& params) {
                              DecisionReport decision;
                              decision.id = 100 - params.value("after", 0);
                              return make_page(Json::array({decision, decision}), decision.id);
                            }));
  CHECK(Json::parse(run({"duplicates", "--limit", "3", "--json"}).out).size() == 3);
}

TEST_CASE_FIXTURE(Fixture, "parts of a group are put together") {
  const auto part = [](std::int64_t group_id, std::int64_t decision_id) {
    GroupReport group;
    group.id = group_id;
    group.original = "/original" + std::to_string(group_id);
    group.copies = 2;
    group.duplicates.emplace_back().id = decision_id;
    return Json(group);
  };
  const FakeService service(socket_path(), answering([=](const std::string&, const Json& params) {
                              if (!params.contains("after"))
                                return make_page(Json::array({part(1, 5), part(2, 6)}), "2:6");
                              return make_page(Json::array({part(2, 7)}), nullptr);
                            }));
  const Json groups = Json::parse(run({"groups", "--json"}).out);
  REQUIRE(groups.size() == 2);
  CHECK(groups[1]["duplicates"].size() == 2);
  const std::string table = run({"groups"}).out;
  CHECK(table.find("/original2") == table.rfind("/original2"));
}

TEST_CASE_FIXTURE(Fixture, "what a group shows stands in columns, however long the evidence is") {
  GroupReport group;
  group.original = "/original";
  group.copies = 2;
  group.duplicates.resize(2);
  group.duplicates[0].path = "/first";
  group.duplicates[0].evidence.distance_bits = 12;
  group.duplicates[0].evidence.ssim = 0.9;
  group.duplicates[0].evidence.inliers = 140;
  group.duplicates[0].evidence.rotation_degrees = 90;
  group.duplicates[0].evidence.overlap = 0.49;
  group.duplicates[1].path = "/second";
  group.duplicates[1].evidence.distance_bits = 0;
  const FakeService service(socket_path(), answering([&](const std::string&, const Json&) {
                              return make_page(Json::array({group}), nullptr);
                            }));
  const std::string text = run({"groups"}).out;
  const auto column = [&](std::string_view name) {
    const std::size_t line = text.rfind('\n', text.find(name)) + 1;
    return display_width(std::string_view(text).substr(line, text.find(name) - line));
  };
  CHECK_MESSAGE(column("/first") == column("/second"), text);
}

TEST_CASE_FIXTURE(Fixture, "an error of the service is printed and ends with 1") {
  const FakeService service(socket_path(), failing(ErrorCode::not_permitted, "only\033root"));
  const Outcome outcome = run({"pause", "--json"});
  CHECK(outcome.status == 1);
  CHECK(outcome.out == "");
  CHECK(outcome.errors == "imgdedupctl: only\\x1broot\n");
}

TEST_CASE_FIXTURE(Fixture, "mistakes in the settings are a line each, and forge none") {
  const FakeService service(socket_path(),
                            failing(ErrorCode::refused, "f:1: a: b\nf:2: c: \x1b[2J"));
  const Outcome outcome = run({"reload"});
  CHECK(outcome.status == 1);
  CHECK(outcome.errors ==
        "imgdedupctl: the settings stay as they were:\nf:1: a: b\nf:2: c: \\x1b[2J\n");
  CHECK(run({"pause"}).errors == "imgdedupctl: f:1: a: b\\nf:2: c: \\x1b[2J\n");
}

TEST_CASE_FIXTURE(Fixture, "wrong usage ends with 2 before any connection") {
  const Outcome outcome = run({"sync", "--timeout", "1"});
  CHECK(outcome.status == 2);
  CHECK(outcome.errors.find("duration") != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "without a service the exit status is 3") {
  const Outcome outcome = run({"status"});
  CHECK(outcome.status == 3);
  CHECK(outcome.errors.find("is imgdedupd running?") != std::string::npos);
  CHECK(run({"--socket", directory / "other", "status"}).errors.find("other") != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "where the usual socket does not answer, one's own is named") {
  using imgdedup::ctl::own_service_hint;
  CHECK(own_service_hint(default_socket_path, directory.path()).empty());
  std::filesystem::create_directories(directory / "imgdedupd");
  const std::string own = directory / "imgdedupd/control.sock";
  const FakeService service(own, examples());
  CHECK(own_service_hint(default_socket_path, directory.path()) ==
        "; your own service has its socket at " + own + ": export IMGDEDUPD_SOCKET=" + own);
  CHECK(own_service_hint("/elsewhere", directory.path()).empty());
  CHECK(own_service_hint(default_socket_path, "").empty());
}

TEST_CASE_FIXTURE(Fixture, "a service that leaves within a call ends with 3") {
  const FakeService service(socket_path(), [](const std::string&, const auto&) {
    return FakeService::Answer{"{\"id\":1", FakeService::Pace::at_once,
                               FakeService::Afterwards::close};
  });
  CHECK(run({"status"}).status == 3);
}

TEST_CASE_FIXTURE(Fixture, "an answer of an unexpected form ends with 1") {
  const FakeService service(socket_path(), answering([](const std::string&, const Json&) {
                              return Json{{"state", "odd"}};
                            }));
  for (const char* command : {"status", "pause", "sync", "metrics", "duplicates"}) {
    const Outcome outcome = run({command});
    CHECK(outcome.status == 1);
    CHECK(outcome.errors.starts_with("imgdedupctl: "));
  }
}

TEST_CASE_FIXTURE(Fixture, "a sync whose time passes ends with 4") {
  const FakeService service(socket_path(), failing(ErrorCode::timed_out, "5 files are left"));
  const Outcome outcome = run({"sync", "--timeout", "1s"});
  CHECK(outcome.status == 4);
  CHECK(outcome.errors == "imgdedupctl: 5 files are left\n");
  CHECK(request_of(service.lines().at(0))["params"] == Json{{"timeout", "1s"}});
}

TEST_CASE_FIXTURE(Fixture, "sync draws no bar into a file") {
  const FakeService service(socket_path(), [](const std::string& line, const auto&) {
    return FakeService::Answer{notification_line("progress", ProgressReport{5, 12}) +
                               result_line(request_of(line)["id"], SyncReport{12, 0.8})};
  });
  const Outcome outcome = run({"sync"});
  CHECK(outcome.errors == "");
  CHECK(outcome.out == "Every file has its decision: 12 files judged in 0.8 s.\n");
}

TEST_CASE_FIXTURE(Fixture,
                  "query sends open files; what cannot be opened is said and ends with 1") {
  write_file(directory / "a.jpg", "content of a");
  write_file(directory / "b.jpg", "content of b");
  ::mkfifo((directory / "fifo").c_str(), 0600);
  const FakeService service(
      socket_path(), [](const std::string& line, const std::vector<std::string>& files) {
        Json items = Json::array();
        const Json request = request_of(line);
        for (std::size_t i = 0; i < files.size(); ++i) {
          QueryReport report;
          report.path = path_from_param(request["params"]["paths"][i]).value();
          report.message = files[i];
          items.push_back(report);
        }
        return FakeService::Answer{result_line(request["id"], {{"items", items}})};
      });
  const Outcome outcome = run({"query", directory / "a.jpg", directory / "missing",
                               directory / "fifo", directory / "b.jpg", "--json"});
  CHECK(outcome.status == 1);
  const Json items = Json::parse(outcome.out);
  REQUIRE(items.size() == 4);
  CHECK(items[0]["message"] == Json("content of a"));
  CHECK(items[1]["judged"] == Json("unreadable"));
  CHECK(items[2]["message"] == Json("is no regular file"));
  CHECK(items[3]["message"] == Json("content of b"));
  CHECK(get_path(items[3], "path") == (directory / "b.jpg").native());
  CHECK(run({"query", directory / "a.jpg"}).status == 0);
}

TEST_CASE_FIXTURE(Fixture, "more files than one request carries are asked about in several") {
  const FakeService service(
      socket_path(), [](const std::string& line, const std::vector<std::string>& files) {
        Json items = Json::array();
        for (std::size_t i = 0; i < files.size(); ++i) items.push_back(QueryReport{});
        return FakeService::Answer{result_line(request_of(line)["id"], {{"items", items}})};
      });
  write_file(directory / "a", "a");
  std::vector<std::string> words{"query", "--json"};
  for (int i = 0; i < 150; ++i) words.push_back(directory / "a");
  CHECK(Json::parse(run(words).out).size() == 150);
  CHECK(service.lines().size() == 3);
}

TEST_CASE_FIXTURE(Fixture, "an entry that could not be restored is named and ends with 1") {
  const FakeService service(
      socket_path(), answering([](const std::string&, const Json& params) {
        Json items = Json::array();
        for (const Json& id : params["ids"])
          items.push_back(MoveReport{id.get<std::int64_t>(), "/a", id != 2,
                                     id == 2 ? std::optional("taken") : std::nullopt});
        return make_page(items, nullptr);
      }));
  const Outcome outcome = run({"quarantine", "restore", "1", "2"});
  CHECK(outcome.status == 1);
  CHECK(outcome.out == "restored /a\n");
  CHECK(outcome.errors == "imgdedupctl: not restored: 2 /a: taken\n");
  std::vector<std::string> many{"quarantine", "purge", "--force", "--json"};
  for (int i = 3; i < 253; ++i) many.push_back(std::to_string(i));
  const Outcome purged = run(many);
  CHECK(purged.status == 0);
  CHECK(Json::parse(purged.out).size() == 250);
}

TEST_CASE_FIXTURE(Fixture,
                  "events --follow prints what comes, a line each, until the service ends") {
  const FakeService service(socket_path(), [](const std::string& line, const auto&) {
    DecisionReport first;
    first.id = 1;
    DecisionReport second;
    second.id = 2;
    second.path = "/a\n\xff";
    return FakeService::Answer{
        result_line(request_of(line)["id"], make_page(Json::array({first}), nullptr)) +
            notification_line("decision", second),
        FakeService::Pace::at_once, FakeService::Afterwards::close};
  });
  const Outcome outcome = run({"events", "--follow"});
  CHECK(outcome.status == 3);
  const std::size_t end = outcome.out.find('\n');
  CHECK(Json::parse(outcome.out.substr(0, end))["id"] == Json(1));
  CHECK(get_path(Json::parse(outcome.out.substr(end + 1)), "path") == "/a\n\xff");
}

TEST_CASE_FIXTURE(Fixture, "export says what it did, and ends with 1 when a file was left out") {
  const std::string root = directory / "photos";
  write_file(root + "/a.jpg", "one");
  write_file(root + "/b.jpg", "two");
  const auto file = [&](std::int64_t id, const std::string& name, std::uint64_t bytes) {
    FileReport report{id, root + "/" + name, imgdedup::matching::FileState::judged, bytes, {}};
    return Json(report);
  };
  bool has_vanished_file = false;
  const FakeService service(socket_path(),
                            answering([&](const std::string& method, const Json& params) -> Json {
                              if (method == "status") {
                                StatusReport status;
                                status.roots.emplace_back().path = root;
                                return status;
                              }
                              Json items = Json::array();
                              if (method == "files") {
                                CHECK(params.value("under", "") == root);
                                items = {file(1, "a.jpg", 3), file(2, "b.jpg", 3)};
                                if (has_vanished_file) items.push_back(file(3, "vanished.jpg", 5));
                              } else {
                                DecisionReport decision;
                                decision.path = root + "/b.jpg";
                                decision.original = root + "/a.jpg";
                                items.push_back(decision);
                              }
                              return make_page(items, nullptr);
                            }));
  const std::string duplicates = directory / "d", unique = directory / "u";
  const std::vector<std::string> words{"export", "--duplicates", duplicates, "--unique",
                                       unique,   "--under",      root};
  const Outcome first = run(words);
  CHECK(first.status == 0);
  CHECK(first.errors == "");
  CHECK(first.out == "duplicates  1 file in " + duplicates + " (1 copied, 3 B)\n" +
                         "unique      1 file in " + unique + " (1 copied, 3 B)\n");
  CHECK(read_file(duplicates + "/photos/b.jpg") == "two");
  CHECK(read_file(unique + "/photos/a.jpg") == "one");
  has_vanished_file = true;
  const Outcome second = run(words);
  CHECK(second.status == 1);
  CHECK(second.errors == "imgdedupctl: " + root +
                             "/vanished.jpg: cannot be opened: No such file or "
                             "directory\n");
  CHECK(second.out == "duplicates  1 file in " + duplicates + " (nothing to change)\n" +
                          "unique      1 file in " + unique + " (nothing to change)\n");
  const Outcome refused = run({"export", "--duplicates", root + "/d", "--unique", unique});
  CHECK(refused.status == 1);
  CHECK(refused.errors.find("which is watched") != std::string::npos);
  CHECK(!std::filesystem::exists(root + "/d"));
}

TEST_CASE_FIXTURE(Fixture, "explain shows the two files, the measures, the steps and the outcome") {
  const FakeService service(socket_path(), examples());
  write_file(directory / "a", "bytes");
  const Outcome outcome = run({"explain", directory / "a", directory / "a"});
  CHECK(outcome.status == 0);
  for (const char* part :
       {"A  /srv/photos/first.jpg\n", "jpeg, 512 x 384 pixels, 87.9 KiB, detail 40.5\n",
        "phash_distance_bits      3  <= 10      yes     near",
        "* relation           near: the same",
        "\n\nB is a duplicate of A (near): it is logged and stays.\n"})
    CHECK_MESSAGE(outcome.out.find(part) != std::string::npos, part);
  const Outcome missing = run({"explain", directory / "a", directory / "missing"});
  CHECK(missing.status == 1);
  CHECK(missing.errors.find("missing: cannot be opened") != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "output that cannot be written is a failure") {
  const FakeService service(socket_path(), examples());
  const Outcome outcome = run({"status"}, "/dev/full");
  CHECK(outcome.status == 1);
  CHECK(outcome.errors.find("could not be written") != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "a reader that leaves early ends the program without a word") {
  const FakeService service(socket_path(), answering([](const std::string&, const Json&) {
                              Json items = Json::array();
                              for (int i = 1; i <= 1000; ++i)
                                items.push_back(file_item(i, "/" + std::string(300, 'x')));
                              static int page = 0;
                              return make_page(items, ++page);
                            }));
  const std::string fifo = directory / "fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  std::thread reader([&] {
    const imgdedup::posix::UniqueDescriptor end(::open(fifo.c_str(), O_RDONLY | O_CLOEXEC));
    char byte = 0;
    CHECK(::read(end.get(), &byte, 1) == 1);
  });
  const Outcome outcome = run({"files"}, fifo);
  reader.join();
  CHECK(outcome.status == 128 + SIGPIPE);
  CHECK(outcome.errors == "");
}
