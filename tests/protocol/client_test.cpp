// SPDX-License-Identifier: Apache-2.0
#include "protocol/client.h"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <chrono>
#include <string>
#include <vector>

#include "protocol/fake_service.h"
#include "protocol/json_rpc.h"
#include "support/temporary_directory.h"

using namespace imgdedup::protocol;
using imgdedup::testing::FakeService;
using imgdedup::testing::TemporaryDirectory;
using namespace std::chrono_literals;

namespace {

using Files = std::vector<std::string>;

Json id_of(const std::string& line) { return Json::parse(line).at("id"); }

/// A directory with a service that answers every line by `handler`.
struct Serving {
  explicit Serving(FakeService::Handler handler)
      : service(socket_path(), std::move(handler)), client(socket_path()) {}

  std::string socket_path() const { return directory / "socket"; }

  TemporaryDirectory directory;
  FakeService service;
  Client client;
};

FakeService::Handler always(const std::string& bytes,
                            FakeService::Afterwards afterwards = FakeService::Afterwards::close) {
  return [=](const std::string&, const Files&) {
    return FakeService::Answer{bytes, FakeService::Pace::at_once, afterwards};
  };
}

Deadline soon(std::chrono::milliseconds time = 20s) {
  return std::chrono::steady_clock::now() + time;
}

std::string unreachable_message(const std::string& path) {
  try {
    const Client client(path);
  } catch (const ServiceUnreachable& error) {
    return error.what();
  }
  return "connected";
}

}  // namespace

TEST_CASE("a call gives the result of its request") {
  Serving serving([](const std::string& line, const Files&) {
    return FakeService::Answer{result_line(id_of(line), Json::parse(line).at("params"))};
  });
  CHECK(serving.client.call("status") == Json::object());
  CHECK(serving.client.call("files", {{"limit", 3}}) == Json{{"limit", 3}});
  const Json second = Json::parse(serving.service.lines().at(1));
  CHECK(second ==
        Json{{"jsonrpc", "2.0"}, {"id", 2}, {"method", "files"}, {"params", {{"limit", 3}}}});
}

TEST_CASE("a reply that comes byte by byte is put together") {
  Serving serving([](const std::string& line, const Files&) {
    return FakeService::Answer{result_line(id_of(line), std::string(3000, 'x')),
                               FakeService::Pace::byte_by_byte};
  });
  CHECK(serving.client.call("status", Json::object(), {{}, soon(), {}}) ==
        Json(std::string(3000, 'x')));
}

TEST_CASE("a reply of many megabytes arrives whole") {
  const std::string text(8'000'000, 'x');
  Serving serving([&](const std::string& line, const Files&) {
    return FakeService::Answer{result_line(id_of(line), text)};
  });
  CHECK(serving.client.call("metrics") == Json(text));
}

TEST_CASE("an error reply is thrown with its code and a message that is safe to show") {
  Serving serving([](const std::string& line, const Files&) {
    return FakeService::Answer{error_line(id_of(line), ErrorCode::refused, "no\033[31m")};
  });
  try {
    serving.client.call("pause");
    FAIL("no error");
  } catch (const CallFailed& error) {
    CHECK(error.code() == static_cast<int>(ErrorCode::refused));
    CHECK(std::string(error.what()) == "no\\x1b[31m");
  }
}

TEST_CASE("a connection is of use after an error reply") {
  int calls = 0;
  Serving serving([&](const std::string& line, const Files&) {
    return FakeService::Answer{++calls == 1 ? error_line(id_of(line), ErrorCode::busy, "busy")
                                            : result_line(id_of(line), 1)};
  });
  CHECK_THROWS_AS(serving.client.call("status"), CallFailed);
  CHECK(serving.client.call("status") == Json(1));
}

TEST_CASE("notifications before the reply go to their handler, in order") {
  Serving serving([](const std::string& line, const Files&) {
    return FakeService::Answer{notification_line("progress", {{"pending", 2}}) +
                               notification_line("progress", {{"pending", 1}}) +
                               result_line(id_of(line), "done")};
  });
  std::vector<std::string> seen;
  Client::CallOptions options;
  options.on_notification = [&](std::string_view method, const Json& params) {
    seen.push_back(std::string(method) + dump_line(params));
  };
  CHECK(serving.client.call("sync", Json::object(), options) == Json("done"));
  CHECK(seen == std::vector<std::string>{"progress{\"pending\":2}", "progress{\"pending\":1}"});
  CHECK(serving.client.call("sync") == Json("done"));
}

TEST_CASE("listening hands on notifications until the service closes") {
  Serving serving([](const std::string& line, const Files&) {
    return FakeService::Answer{result_line(id_of(line), 0) + notification_line("decision", 1) +
                                   notification_line("decision", 2),
                               FakeService::Pace::byte_by_byte, FakeService::Afterwards::close};
  });
  serving.client.call("events");
  int sum = 0;
  serving.client.listen([&](std::string_view, const Json& params) { sum += params.get<int>(); },
                        soon());
  CHECK(sum == 3);
}

TEST_CASE("listening ends at its deadline") {
  Serving serving([](const std::string& line, const Files&) {
    return FakeService::Answer{result_line(id_of(line), 0)};
  });
  serving.client.call("events");
  serving.client.listen({}, soon(20ms));
}

TEST_CASE("open files travel with the request, in order") {
  Serving serving([](const std::string& line, const Files& files) {
    return FakeService::Answer{result_line(id_of(line), files)};
  });
  imgdedup::testing::write_file(serving.directory / "a", "content of a");
  imgdedup::testing::write_file(serving.directory / "b", "content of b");
  const imgdedup::posix::UniqueDescriptor a(
      ::open((serving.directory / "a").c_str(), O_RDONLY | O_CLOEXEC));
  const imgdedup::posix::UniqueDescriptor b(
      ::open((serving.directory / "b").c_str(), O_RDONLY | O_CLOEXEC));
  const std::vector<int> descriptors{b.get(), a.get()};
  Client::CallOptions options;
  options.descriptors = descriptors;
  CHECK(serving.client.call("query", {{"paths", {"/b", "/a"}}}, options) ==
        Json::array({"content of b", "content of a"}));
  CHECK(serving.client.call("query") == Json::array());
}

TEST_CASE("a service that does not answer is given up at the deadline") {
  Serving serving(always("", FakeService::Afterwards::listen));
  CHECK_THROWS_AS(serving.client.call("status", Json::object(), {{}, soon(50ms), {}}),
                  CallTimedOut);
}

TEST_CASE("half a reply is given up at the deadline too") {
  Serving serving(always("{\"jsonrpc\":", FakeService::Afterwards::listen));
  CHECK_THROWS_AS(serving.client.call("status", Json::object(), {{}, soon(50ms), {}}),
                  CallTimedOut);
}

TEST_CASE("a service that leaves before or within its answer was not reached") {
  for (const char* part : {"", "{\"jsonrpc\":\"2.0\",\"id\":1,\"res"}) {
    Serving serving(always(part));
    CHECK_THROWS_AS(serving.client.call("status"), ServiceUnreachable);
  }
}

TEST_CASE("what is no reply is said to be none") {
  for (const char* line :
       {"garbage\n", "[]\n", "{}\n", "\n", "{\"id\":1}\n", "{\"id\":1,\"error\":7}\n",
        "{\"id\":1,\"error\":{\"code\":\"x\",\"message\":\"y\"}}\n", "{\"id\":99,\"result\":1}\n",
        "{\"result\":1}\n", "{\"id\":1,\"method\":\"status\"}\n", "{\"method\":3}\n"}) {
    CAPTURE(line);
    Serving serving(always(line, FakeService::Afterwards::listen));
    CHECK_THROWS_AS(serving.client.call("status", Json::object(), {{}, soon(), {}}),
                    MalformedReply);
  }
}

TEST_CASE("an endless reply is cut off") {
  Serving serving(always(std::string(max_reply_bytes + 70'000, 'x')));
  CHECK_THROWS_AS(serving.client.call("status"), MalformedReply);
}

TEST_CASE("a request over the limit is not sent") {
  Serving serving(always(""));
  CHECK_THROWS_AS(serving.client.call("files", {{"under", std::string(max_request_bytes, 'x')}}),
                  CallFailed);
  CHECK(serving.service.lines().empty());
}

TEST_CASE("why the service cannot be reached is said, with what to do") {
  const TemporaryDirectory directory;
  const std::string missing = unreachable_message(directory / "none");
  CHECK(missing.find((directory / "none").string()) != std::string::npos);
  CHECK(missing.find("No such file") != std::string::npos);
  CHECK(missing.find("is imgdedupd running?") != std::string::npos);
  imgdedup::testing::write_file(directory / "file", "");
  CHECK(unreachable_message(directory / "file").find("refused") != std::string::npos);
  CHECK(unreachable_message(std::string(200, 'x')).find("1 to 107 bytes") != std::string::npos);
  CHECK(unreachable_message("").find("1 to 107 bytes") != std::string::npos);
}

TEST_CASE("a listing is read page by page to its end") {
  Serving serving([](const std::string& line, const Files&) {
    const Json params = Json::parse(line).at("params");
    const int after = params.value("after", 0);
    Json page{{"items", {after + 1, after + 2}}, {"next", after + 2}};
    if (after == 4) page["next"] = nullptr;
    return FakeService::Answer{result_line(id_of(line), page)};
  });
  std::vector<int> items;
  const auto collect = [&](const Json& item) {
    items.push_back(item.get<int>());
    return true;
  };
  for_each_item(serving.client, "files", Json::object(), collect, {});
  CHECK(items == std::vector<int>{1, 2, 3, 4, 5, 6});

  items.clear();
  for_each_item(serving.client, "files", Json::object(), collect, {3, 20s});
  CHECK(items == std::vector<int>{1, 2, 3});
  CHECK(Json::parse(serving.service.lines().back()).at("params") ==
        Json{{"limit", 1}, {"after", 2}});

  items.clear();
  for_each_item(serving.client, "files", {{"after", 4}},
                [&](const Json& item) {
                  collect(item);
                  return false;
                },
                {});
  CHECK(items == std::vector<int>{5});
}

TEST_CASE("a short or empty page does not end a listing") {
  Serving serving([](const std::string& line, const Files&) {
    const int after = Json::parse(line).at("params").value("after", 0);
    Json page{{"items", Json::array()}, {"next", after + 1}};
    if (after == 2) page["items"].push_back(7);
    if (after == 4) page = {{"items", {8, 9}}, {"next", nullptr}};
    return FakeService::Answer{result_line(id_of(line), page)};
  });
  std::vector<int> items;
  for_each_item(serving.client, "files", Json::object(),
                [&](const Json& item) {
                  items.push_back(item.get<int>());
                  return true;
                },
                {2, 20s});
  CHECK(items == std::vector<int>{7, 8});
}

TEST_CASE("a listing that never ends or is none is refused") {
  const auto ignore = [](const Json&) { return true; };
  for (const Json& page :
       {Json{{"items", Json::array()}, {"next", 5}}, Json{{"items", 1}, {"next", 1}},
        Json{{"items", Json::array()}}, Json::array(), Json(1)}) {
    Serving serving([&](const std::string& line, const Files&) {
      return FakeService::Answer{result_line(id_of(line), page)};
    });
    CHECK_THROWS_AS(for_each_item(serving.client, "files", Json::object(), ignore, {}),
                    MalformedReply);
  }
}
