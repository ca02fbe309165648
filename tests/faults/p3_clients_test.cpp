// SPDX-License-Identifier: Apache-2.0
// Clients that are mad, greedy, slow, gone or too many: what they get, and how long others wait.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#include <cstdio>
#include <list>
#include <optional>
#include <string>
#include <string_view>

#include "faults/catalog_support.h"
#include "faults/load_support.h"
#include "faults/socket_support.h"
#include "faults/worker_support.h"
#include "matching/base64.h"
#include "protocol/json_rpc.h"
#include "support/drawn_pictures.h"

using namespace imgdedup::testing;
using imgdedup::protocol::Json;
using imgdedup::protocol::request_line;
namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

namespace {

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;

/// The service, how much memory it took before a client came, and what is true of it afterwards.
struct Attacked {
  Service service;
  std::uint64_t bytes_before = 0;
  std::size_t descriptors_before = 0;

  Attacked() {
    write_file(service.root() / "a.png", encode_picture(draw_picture(1, {160, 120}), ".png"));
    service.start();
    service.sync();
    start_both_workers();
    bytes_before = resident_bytes(service.pid());
    descriptors_before = descriptor_count(service.pid());
  }

  /// So that what is opened once is open.
  void start_both_workers() {
    const imgdedup::posix::UniqueDescriptor file(
        ::open((service.root() / "a.png").c_str(), O_RDONLY | O_CLOEXEC));
    const std::vector<std::string> paths(30, "/a.png");
    const std::vector<int> files(paths.size(), file.get());
    RawClient client(service.socket());
    CHECK(client.call("query", {{"paths", Json(paths)}}, files).contains("result"));
  }

  [[nodiscard]] double more_mebibytes() const {
    const auto now = static_cast<double>(resident_bytes(service.pid()));
    return (now - static_cast<double>(bytes_before)) / static_cast<double>(mebibyte);
  }

  void check_it_is_well(const char* test, const char* what, milliseconds slowest) {
    CHECK(slowest < longest_wait);
    CHECK(service.is_running());
    CHECK(service.call("status")["images"] == 1);
    check_descriptors_fall_to(service, descriptors_before);
    std::printf("%s: %s; others waited %lld ms at most; memory %+.1f MiB\n", test, what,
                static_cast<long long>(slowest.count()), more_mebibytes());
  }
};

}  // namespace

TEST_CASE("p3-malformed: what is no request gets an error, and the connection goes on") {
  Attacked attacked;
  auto client = std::make_optional<RawClient>(attacked.service.socket());
  using namespace std::string_literals;
  const std::pair<std::string, std::string> cases[] = {
      {"", "parse-error"},
      {"{\"cmd\":", "parse-error"},
      {"GET / HTTP/1.1\r", "parse-error"},
      {"[1,2,3]", "invalid-request"},
      {"null", "invalid-request"},
      {"1e999", "parse-error"},
      {"\"text\"", "invalid-request"},
      {"{}", "invalid-request"},
      {R"({"jsonrpc":"1.0","id":1,"method":"status"})", "invalid-request"},
      {R"({"jsonrpc":"2.0","method":"status"})", "invalid-request"},
      {R"({"jsonrpc":"2.0","id":{},"method":"status"})", "invalid-request"},
      {R"({"jsonrpc":"2.0","id":1,"method":7})", "invalid-request"},
      {R"({"jsonrpc":"2.0","id":1,"method":"status","params":[]})", "invalid-request"},
      {R"({"jsonrpc":"2.0","id":1,"method":"shutdown"})", "unknown-method"},
      {R"({"jsonrpc":"2.0","id":1,"method":"status","params":{"x":1}})", "invalid-params"},
      {R"({"jsonrpc":"2.0","id":1,"method":"files","params":{"under":"relative"}})",
       "invalid-params"},
      {R"({"jsonrpc":"2.0","id":1,"method":"files","params":{"limit":18446744073709551615}})",
       "invalid-params"},
      {R"({"jsonrpc":"2.0","id":1,"method":"sync","params":{"timeout":"99999999999999999h"}})",
       "invalid-params"},
      {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\xfe\"}", "parse-error"},
      {"\0\0\0\0"s, "parse-error"},
      {std::string(5000, '}'), "parse-error"},
  };
  for (const auto& [line, name] : cases) {
    INFO(line.substr(0, 80));
    REQUIRE(client->send(line + "\n"));
    CHECK(error_name(client->reply()) == name);
  }
  CHECK(client->call("status").contains("result"));
  client.reset();
  attacked.check_it_is_well("p3-malformed", "every line has its error",
                            slowest_status(attacked.service));
}

TEST_CASE("p3-nested: 500,000 brackets are refused at once") {
  Attacked attacked;
  auto client = std::make_optional<RawClient>(attacked.service.socket());
  std::string objects;
  while (objects.size() < 900'000) objects += "{\"a\":";
  const auto begin = steady_clock::now();
  for (const std::string& line : {std::string(500'000, '['), objects,
                                  std::string(250'000, '[') + std::string(250'000, ']')}) {
    REQUIRE(client->send(line + "\n"));
    const Json reply = client->reply();
    CHECK(error_name(reply) == "parse-error");
    CHECK(reply["error"]["message"].get<std::string>().find("32 deep") != std::string::npos);
  }
  CHECK(steady_clock::now() - begin < longest_wait);
  CHECK(client->call("status").contains("result"));
  client.reset();
  attacked.check_it_is_well("p3-nested", "refused", slowest_status(attacked.service));
}

TEST_CASE("p3-endless: a request without an end is cut off after 1 MiB") {
  Attacked attacked;
  RawClient client(attacked.service.socket());
  const std::string piece(65'536, 'x');
  std::uint64_t sent = 0;
  while (sent < 64 * mebibyte && client.send(piece)) sent += piece.size();
  CHECK(sent <= 2 * mebibyte);
  const double peak = attacked.more_mebibytes();
  CHECK(peak < 8);
  const milliseconds slowest = slowest_status(attacked.service);
  attacked.check_it_is_well("p3-endless", (std::to_string(sent >> 10) + " KiB went in").c_str(),
                            slowest);
}

TEST_CASE("p3-slowread: who does not read their answers is waited for, and nobody else") {
  Attacked attacked;
  auto greedy = std::make_optional<RawClient>(attacked.service.socket());
  const std::string request = request_line(1, "metrics", Json::object());
  std::size_t requests = 0;
  for (std::string_view rest; requests < 20'000; ++requests) {
    rest = request;
    while (const std::size_t sent = greedy->try_to_send(rest)) rest.remove_prefix(sent);
    if (rest.size() == request.size()) break;
    // The rest of a line that was begun.
    if (!rest.empty()) REQUIRE(greedy->send(rest));
  }
  const milliseconds slowest = slowest_status(attacked.service);
  const double peak = attacked.more_mebibytes();
  CHECK(peak < 16);
  // Nothing that was asked is lost, late as it is read.
  std::size_t answers = 0;
  for (; answers < requests; ++answers) {
    const auto line = greedy->line();
    REQUIRE(line.has_value());
    REQUIRE(line->find("\"result\"") != std::string::npos);
  }
  greedy.reset();
  attacked.check_it_is_well("p3-slowread",
                            (std::to_string(answers) + " answers came when they were read").c_str(),
                            slowest);
}

TEST_CASE(
    "p3-slowread: an answer that does not fit beside the unread ones is an error, and logged") {
  Service service("workers: 1\n");
  const std::string bytes = encode_picture(draw_picture(1, {160, 120}), ".png");
  write_file(service.root() / "a.png", bytes);
  service.start();
  service.sync();
  const imgdedup::posix::UniqueDescriptor file(
      ::open((service.root() / "a.png").c_str(), O_RDONLY | O_CLOEXEC));
  // In an answer each byte of such a name takes six: two of them are more than may wait.
  const std::string name = "/" + std::string(720'000, '\x01') + "\xff";
  const Json path{{"bytes", imgdedup::matching::base64_encode(name)}};
  const std::string request = request_line(1, "query", {{"paths", Json::array({path})}});
  RawClient client(service.socket());
  const std::vector<pid_t> workers = children_of(service.pid());
  for (const pid_t worker : workers) ::kill(worker, SIGSTOP);
  for (int i = 0; i < 2; ++i) {
    REQUIRE(client.send_with(request.substr(0, 1000), {file.get()}));
    REQUIRE(client.send(request.substr(1000)));
  }
  for (int i = 0; i < 3; ++i) service.call("status");
  for (const pid_t worker : workers) ::kill(worker, SIGCONT);
  wait_until(
      [&] {
        return service.service_log().find("is not sent what it asked for") != std::string::npos;
      },
      "the second answer");
  CHECK(client.reply().contains("result"));
  const Json second = client.reply();
  CHECK(error_name(second) == "internal-error");
  CHECK(client.call("status").contains("result"));
}

TEST_CASE("p3-pipelined: requests that look at much, by the hundred, hold nobody up") {
  constexpr int rows = 60'000;
  Service service;
  service.start();
  for (const char* name : {"a.png", "b.png"}) {
    write_file(service.root() / name, encode_picture(draw_picture(1, {160, 120}), ".png"));
    service.sync();
  }
  service.stop();
  OtherProgram(service.catalog())
      .run(
          "INSERT INTO decisions (file_id, original_file_id, path, original_path, relation, "
          "action, action_limit, content, original_content, decided_at_ns, state) "
          "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " +
          std::to_string(rows) +
          ") SELECT 1000000000 + i, d.original_file_id, CAST('/away/a' AS BLOB), "
          "CAST('/away/b' AS BLOB), 0, 0, 0, "
          "d.content, d.original_content, d.decided_at_ns, 1 FROM n, "
          "(SELECT * FROM decisions LIMIT 1) AS d");
  service.start();
  wait_until([&] { return service.call("status")["state"] == "idle"; }, "the catalog to stand");
  // A page is no more than so many rows, whatever they are; what there is is found all the same.
  const Json page = service.call("duplicates", {{"under", "/nope"}});
  CHECK(page["items"].empty());
  CHECK_FALSE(page["next"].is_null());
  CHECK(service.list("duplicates", {{"under", "/nope"}}).empty());
  CHECK(service.list("duplicates", {{"under", service.root().string()}}).size() == 1);

  std::string requests;
  for (int i = 0; i < 400; ++i)
    requests += request_line(1, i % 2 == 0 ? "duplicates" : "groups", {{"under", "/nope"}});
  std::list<RawClient> clients;
  for (int i = 0; i < 16; ++i) {
    clients.emplace_back(service.socket());
    REQUIRE(clients.back().send(requests));
  }
  const milliseconds slowest = slowest_status(service, 20);
  CHECK(slowest < longest_wait);
  clients.clear();
  CHECK(service.call("status")["duplicates"]["exact"] == rows + 1);
  std::printf("p3-pipelined: 16 clients with 400 requests each; others waited %lld ms at most\n",
              static_cast<long long>(slowest.count()));
}

TEST_CASE("p3-slowwrite: a request that comes byte by byte has five seconds") {
  Attacked attacked;
  constexpr int count = 40;
  std::list<RawClient> clients;
  for (int i = 0; i < count; ++i) clients.emplace_back(attacked.service.socket());
  const auto begin = steady_clock::now();
  milliseconds slowest{0};
  // A little of each, again and again: never silent, never at the end.
  while (steady_clock::now() - begin < seconds(4)) {
    for (RawClient& client : clients) client.try_to_send("{");
    slowest = std::max(slowest, slowest_status(attacked.service, 5));
  }
  for (RawClient& client : clients) {
    const auto farewell = client.line();
    REQUIRE(farewell.has_value());
    CHECK(farewell->find("did not end in time") != std::string::npos);
    CHECK_FALSE(client.line().has_value());
  }
  CHECK(steady_clock::now() - begin >= seconds(4));
  attacked.check_it_is_well("p3-slowwrite", "40 clients sent away", slowest);
}

TEST_CASE("p3-gone: clients that leave before their answer harm nothing") {
  Attacked attacked;
  for (int i = 0; i < 200; ++i) {
    RawClient client(attacked.service.socket());
    switch (i % 5) {
      case 0:
        client.send(request_line(1, "metrics", Json::object()));
        break;
      case 1:
        client.send(request_line(1, "sync", Json::object()));
        break;
      case 2:
        client.send(request_line(1, "events", {{"follow", true}}));
        break;
      case 3: {
        const imgdedup::posix::UniqueDescriptor file(
            ::open((attacked.service.root() / "a.png").c_str(), O_RDONLY | O_CLOEXEC));
        client.send_with(request_line(1, "query", {{"paths", {"/a.png"}}}), {file.get()});
        break;
      }
      default:
        client.send(R"({"jsonrpc":"2.0","id":1,"meth)");
    }
  }
  const milliseconds slowest = slowest_status(attacked.service);
  // What they had asked for is let go: a later query finds room.
  const imgdedup::posix::UniqueDescriptor file(
      ::open((attacked.service.root() / "a.png").c_str(), O_RDONLY | O_CLOEXEC));
  wait_until(
      [&] {
        RawClient client(attacked.service.socket());
        return client.call("query", {{"paths", {"/a.png"}}}, {file.get()}).contains("result");
      },
      "room for a query");
  attacked.check_it_is_well("p3-gone", "200 left early", slowest);
}

TEST_CASE("p3-many: idle clients fill their own places, and no more") {
  Attacked attacked;
  Service& service = attacked.service;
  const auto connect = [&](std::list<RawClient>& clients, int count) {
    for (int i = 0; i < count; ++i) clients.emplace_back(service.socket());
  };
  const auto told_busy = [](std::list<RawClient>& clients) {
    int busy = 0;
    for (RawClient& client : clients) {
      client.try_to_send(request_line(1, "status", Json::object()));
      try {
        const auto line = client.line();
        if (!line) continue;
        busy += error_name(Json::parse(*line)) == "busy" ? 1 : 0;
      } catch (const std::runtime_error&) {
        FAIL_CHECK("a client got neither an answer nor an end");
      }
    }
    return busy;
  };
  if (may_act_as_others("p3-many, of another user")) {
    std::filesystem::permissions(service.base(), std::filesystem::perms::others_exec,
                                 std::filesystem::perm_options::add);
    REQUIRE(::chmod(service.socket().c_str(), 0666) == 0);
    std::list<RawClient> strangers;
    {
      const ActingAs other(stranger_uid, stranger_uid);
      connect(strangers, 200);
    }
    const milliseconds slowest = slowest_status(service);
    CHECK(slowest < longest_wait);
    const int busy = told_busy(strangers);
    CHECK(busy >= 200 - 16);
    std::printf(
        "p3-many: of 200 idle clients of one user %d were told to come back; others waited "
        "%lld ms at most\n",
        busy, static_cast<long long>(slowest.count()));
  }
  check_descriptors_fall_to(service, attacked.descriptors_before);
  std::list<RawClient> own;
  connect(own, 200);
  const int busy = told_busy(own);
  CHECK(busy == 200 - 64);
  own.clear();
  check_descriptors_fall_to(service, attacked.descriptors_before);
  attacked.check_it_is_well("p3-many", "200 of root's own came and went", slowest_status(service));
}

TEST_CASE("p3-fdflood: thousands of descriptors in flight are closed, and few held meanwhile") {
  Attacked attacked;
  Service& service = attacked.service;
  const imgdedup::posix::UniqueDescriptor null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const std::vector<int> many(253, null.get());
  std::size_t most_held = 0;
  std::size_t sent = 0;
  milliseconds slowest{0};
  {
    std::list<RawClient> clients;
    std::optional<ActingAs> flooder;
    if (may_act_as_others("p3-fdflood, by another user")) {
      fs::permissions(service.base(), fs::perms::others_exec, fs::perm_options::add);
      REQUIRE(::chmod(service.socket().c_str(), 0666) == 0);
      flooder.emplace(stranger_uid, stranger_uid);
    }
    for (int i = 0; i < 15; ++i) clients.emplace_back(service.socket());
    flooder.reset();
    for (int round = 0; round < 40; ++round) {
      // Lines that never end, so that they would be held.
      for (RawClient& client : clients)
        if (client.send_with("x", many)) sent += many.size();
      most_held = std::max(most_held, descriptor_count(service.pid()));
      if (round % 10 == 0) slowest = std::max(slowest, slowest_status(service, 5));
    }
    most_held = std::max(most_held, descriptor_count(service.pid()));
    CHECK(sent >= 15 * 253);
    // One user's 128, one message that is being read, and the clients themselves.
    CHECK(most_held <= attacked.descriptors_before + 128 + 253 + 24);
    // A query of another user has room for its files all the while.
    const imgdedup::posix::UniqueDescriptor file(
        ::open((service.root() / "a.png").c_str(), O_RDONLY | O_CLOEXEC));
    if (::geteuid() == 0) {
      RawClient honest(service.socket());
      const Json paths = std::vector<std::string>(60, "/a.png");
      CHECK(honest.call("query", {{"paths", paths}}, std::vector<int>(60, file.get()))
                .contains("result"));
    }
    for (RawClient& client : clients) client.send("\n");
    for (RawClient& client : clients) CHECK(error_name(client.reply()) == "parse-error");
  }
  attacked.check_it_is_well("p3-fdflood",
                            (std::to_string(sent) + " sent, at most " +
                             std::to_string(most_held - attacked.descriptors_before) + " held")
                                .c_str(),
                            slowest);
}
