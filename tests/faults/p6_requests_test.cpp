// SPDX-License-Identifier: Apache-2.0
// A hundred thousand mutated requests to the real service, by someone who may do everything.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "faults/fault_support.h"
#include "faults/socket_support.h"
#include "faults/worker_support.h"
#include "protocol/command_table.h"
#include "protocol/json_rpc.h"
#include "support/drawn_pictures.h"

using namespace imgdedup::testing;
using imgdedup::protocol::Json;
using imgdedup::protocol::request_line;
namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

/// Requests as docs/protocol.md shows them, and with the paths of this service.
std::vector<std::string> good_requests(const fs::path& root) {
  std::vector<std::string> requests;
  for (const auto& command : imgdedup::protocol::all_commands())
    requests.push_back(request_line(
        7, command.name, Json::parse(imgdedup::protocol::page_of(command).example_params)));
  const std::string a = root / "a.png";
  const std::string b = root / "b.png";
  requests.push_back(request_line("x", "files", {{"under", root.string()}, {"limit", 1}}));
  requests.push_back(request_line(1, "distinct", {{"first", a}, {"second", b}}));
  requests.push_back(request_line(1, "distinct", {{"first", a}, {"second", b}, {"undo", true}}));
  requests.push_back(request_line(1, "rescan", {{"directory", root.string()}}));
  requests.push_back(request_line(1, "quarantine.restore", {{"all", true}}));
  for (std::string& request : requests) request.pop_back();
  return requests;
}

class RequestMutator {
 public:
  RequestMutator(std::vector<std::string> requests, std::uint64_t seed)
      : requests_(std::move(requests)), random_(seed) {}

  std::size_t below(std::size_t bound) { return random_() % std::max<std::size_t>(bound, 1); }

  /// Without its newline, and with none inside. Half of them are JSON all the same.
  std::string next() {
    if (below(2) == 0) {
      Json request = Json::parse(pick());
      change_values(request);
      return imgdedup::protocol::dump_line(request);
    }
    std::string request = pick();
    const std::size_t changes = std::size_t{1} << below(4);
    for (std::size_t i = 0; i < changes; ++i) change(request);
    std::ranges::replace(request, '\n', ' ');
    return request;
  }

 private:
  /// One member or item of it, or of what lies in it, becomes something else.
  void change_values(Json& value) {
    if (value.is_structured() && !value.empty()) {
      auto place = value.begin();
      std::advance(place, static_cast<std::ptrdiff_t>(below(value.size())));
      // The members of the request itself stay as they are, mostly: then its params are read.
      const bool is_envelope = value.is_object() && value.contains("jsonrpc");
      if (is_envelope && value.contains("params") && below(8) != 0)
        return change_values(value["params"]);
      if (place->is_structured() && below(2) == 0) return change_values(*place);
      *place = other_value();
      if (value.is_object() && below(4) == 0) value[some_name()] = other_value();
    } else {
      value = below(2) == 0 ? Json{{some_name(), other_value()}} : other_value();
    }
  }

  std::string some_name() {
    static constexpr const char* names[] = {"ids", "all",  "force",     "older_than", "under",
                                            "id",  "path", "directory", "follow",     "limit"};
    return names[below(std::size(names))];
  }

  Json other_value() {
    switch (below(10)) {
      case 0:
        return nullptr;
      case 1:
        return below(2) == 0;
      case 2:
        return static_cast<std::int64_t>(random_());
      case 3:
        return static_cast<std::int64_t>(below(20));
      case 4:
        return random_();
      case 5:
        return std::string(std::size_t{1} << below(12), '/');
      case 6:
        return Json::array({1, 2, 3});
      case 7:
        return Json{{"bytes", "L3RtcA=="}};
      case 8:
        return "0s";
      default:
        return Json::parse(pick())["params"];
    }
  }

  const std::string& pick() { return requests_[below(requests_.size())]; }

  void change(std::string& request) {
    static constexpr const char* words[] = {"null",
                                            "-1",
                                            "18446744073709551616",
                                            "1e400",
                                            "\"\"",
                                            "[]",
                                            "{}",
                                            "\\u0000",
                                            "\\ud800",
                                            "\xff",
                                            "true",
                                            "\"all\":true",
                                            "\"ids\":[1]",
                                            "/..",
                                            "9223372036854775807",
                                            "\"-9223372036854775808h\"",
                                            "{\"bytes\":\"AA==\"}",
                                            "quarantine.purge",
                                            "\"force\":true",
                                            "\"older_than\":\"0s\"",
                                            ",",
                                            ":",
                                            "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["};
    const std::size_t at = below(request.size());
    const std::size_t length = std::min(request.size() - at, std::size_t{1} << below(5));
    switch (below(6)) {
      case 0:
        if (!request.empty()) request[at] = static_cast<char>(random_());
        break;
      case 1:
        request.erase(at, length);
        break;
      case 2:
        request.insert(at, words[below(std::size(words))]);
        break;
      case 3:
        request.insert(at, request.substr(below(request.size()), length));
        break;
      case 4: {
        const std::string& other = pick();
        const std::size_t from = below(other.size());
        request.replace(at, length, other.substr(from, length * 4));
        break;
      }
      default:
        if (!request.empty()) request[at] = static_cast<char>(request[at] ^ (1 << below(8)));
    }
  }

  std::vector<std::string> requests_;
  std::mt19937_64 random_;
};

}  // namespace

// IMGDEDUP_TEST_SEED: that of an earlier run.
TEST_CASE("p6-fuzz: 100,000 mutated requests are all answered and cost no picture") {
  constexpr std::size_t count = 100'000;
  constexpr std::size_t of_one_client = 250;
  const char* const given = std::getenv("IMGDEDUP_TEST_SEED");
  const std::uint64_t seed =
      given ? std::strtoull(given, nullptr, 10) : std::uint64_t{std::random_device{}()};
  INFO("IMGDEDUP_TEST_SEED=" << seed);
  Service service;
  std::map<std::string, std::string> photos;
  for (const char* name : {"a.png", "b.png", "c.png"})
    photos[name] = encode_picture(draw_picture(name[0] == 'c' ? 2 : 1, {160, 120}), ".png");
  for (const auto& [name, bytes] : photos) write_file(service.root() / name, bytes);
  service.start();
  service.sync();
  const pid_t process = service.pid();
  RequestMutator mutator(good_requests(service.root()), seed);
  std::map<std::string, std::size_t> outcomes;
  std::uint64_t early_bytes = 0;
  const auto begin = steady_clock::now();
  for (std::size_t done = 0; done < count; done += of_one_client) {
    if (done == count / 5) early_bytes = resident_bytes(process);
    std::vector<std::string> lines;
    for (std::size_t i = 0; i < of_one_client; ++i) lines.push_back(mutator.next());
    wait_until(
        [&] {
          try {
            service.call("status");
            return true;
          } catch (const imgdedup::protocol::ServiceUnreachable&) {
            // A mutation of `reload` that was one changes hands.
            return !service.is_running();
          }
        },
        "the socket");
    REQUIRE(service.is_running());
    RawClient client(service.socket());
    bool may_close = false;
    for (const std::string& line : lines) {
      may_close = may_close || line.find("reload") != std::string::npos;
      if (!client.send(line + "\n")) break;
    }
    client.send(request_line("end of it", "status", Json::object()));
    std::size_t replies = 0;
    for (;;) {
      const auto text = client.line();
      if (!text) {
        CHECK(may_close);
        outcomes["(closed by reload)"] += 1;
        break;
      }
      const Json reply = Json::parse(*text);
      if (reply.contains("method")) continue;
      if (reply["id"] == "end of it") break;
      ++replies;
      outcomes[reply.contains("error") ? error_name(reply) : "done"] += 1;
    }
    // Only a sync may still wait.
    CHECK((may_close || replies + 20 >= of_one_client));
    if (done % 10'000 == 0) service.call("resume");
  }
  service.call("resume");
  service.sync();
  CHECK(service.pid() == process);
  CHECK(service.is_running());
  for (const auto& [name, bytes] : photos) CHECK(read_file(service.root() / name) == bytes);
  CHECK(service.call("status")["images"] == photos.size());
  CHECK(resident_bytes(process) < early_bytes + (std::uint64_t{16} << 20));
  CHECK(outcomes["internal-error"] == 0);
  CHECK(outcomes["done"] > 0);
  std::string text;
  for (const auto& [name, number] : outcomes) text += ", " + std::to_string(number) + " " + name;
  std::printf("p6-fuzz: seed %llu, %.1f s%s; memory %.1f MiB after a fifth, %.1f MiB at the end\n",
              static_cast<unsigned long long>(seed), seconds_since(begin), text.c_str(),
              static_cast<double>(early_bytes) / (1 << 20),
              static_cast<double>(resident_bytes(process)) / (1 << 20));
  CHECK(service.stop() == 0);
}
