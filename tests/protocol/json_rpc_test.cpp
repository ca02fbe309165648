// SPDX-License-Identifier: Apache-2.0
#include "protocol/json_rpc.h"

#include <doctest/doctest.h>

#include <random>
#include <string>

using namespace imgdedup::protocol;

namespace {

ErrorCode code_of(std::string_view line) {
  const auto parsed = parse_request(line);
  const auto* error = std::get_if<RequestError>(&parsed);
  REQUIRE_MESSAGE(error != nullptr, line.substr(0, 100));
  CHECK(!error->message.empty());
  return error->code;
}

constexpr std::string_view good =
    R"({"jsonrpc":"2.0","id":1,"method":"duplicates","params":{"under":"/a","limit":10}})";

}  // namespace

TEST_CASE("a request is read with its id, method and params") {
  const auto parsed = parse_request(std::string(good) + "\n");
  const auto* request = std::get_if<Request>(&parsed);
  REQUIRE(request != nullptr);
  CHECK(request->id == Json(1));
  CHECK(request->method == "duplicates");
  CHECK(request->params == Json{{"under", "/a"}, {"limit", 10}});
}

TEST_CASE("params may be left out") {
  const auto parsed = parse_request(R"({"jsonrpc":"2.0","id":"a","method":"status"})");
  REQUIRE(std::holds_alternative<Request>(parsed));
  CHECK(std::get<Request>(parsed).params == Json::object());
}

TEST_CASE("what is no JSON is a parse error") {
  for (const char* line : {"", "\n", "{", "hello", "{\"a\":}", "{} {}", "\"\xff\"", "{'a':1}",
                           "{\"a\":1e999}", "nul", "]", "}}}}"})
    CHECK_MESSAGE(code_of(line) == ErrorCode::parse_error, line);
}

TEST_CASE("JSON that is no request is an invalid request") {
  for (const char* line :
       {"1", "null", "\"text\"", "{}", "[]", R"([{"jsonrpc":"2.0","id":1,"method":"status"}])",
        R"({"id":1,"method":"status"})", R"({"jsonrpc":"1.0","id":1,"method":"status"})",
        R"({"jsonrpc":"2.0","method":"status"})",
        R"({"jsonrpc":"2.0","id":null,"method":"status"})",
        R"({"jsonrpc":"2.0","id":1.5,"method":"status"})",
        R"({"jsonrpc":"2.0","id":[],"method":"status"})", R"({"jsonrpc":"2.0","id":1})",
        R"({"jsonrpc":"2.0","id":1,"method":7})",
        R"({"jsonrpc":"2.0","id":1,"method":"status","params":[]})",
        R"({"jsonrpc":"2.0","id":1,"method":"status","params":null})",
        R"({"jsonrpc":"2.0","id":1,"method":"status","extra":1})"})
    CHECK_MESSAGE(code_of(line) == ErrorCode::invalid_request, line);
}

TEST_CASE("an error names the id of its request where that could be read") {
  const auto parsed = parse_request(R"({"jsonrpc":"2.0","id":42,"method":7})");
  CHECK(std::get<RequestError>(parsed).id == Json(42));
  const auto unreadable = parse_request("{");
  CHECK(std::get<RequestError>(unreadable).id.is_null());
}

TEST_CASE("depth, length and members are limited before anything is built") {
  CHECK(code_of(std::string(500'000, '[')) == ErrorCode::parse_error);
  CHECK(code_of(std::string(33, '[') + std::string(33, ']')) == ErrorCode::parse_error);
  CHECK(code_of(std::string(32, '[') + std::string(32, ']')) == ErrorCode::invalid_request);
  CHECK(code_of("{\"a\":\"" + std::string(max_request_bytes, 'x') + "\"}") ==
        ErrorCode::parse_error);
  std::string members = "{\"a0\":0";
  for (std::size_t i = 1; i <= max_request_members; ++i)
    members += ",\"a" + std::to_string(i) + "\":0";
  CHECK(code_of(members + "}") == ErrorCode::parse_error);
}

TEST_CASE("brackets and colons in strings do not count") {
  const std::string text = R"(\")" + std::string(2000, '[') + std::string(2000, ':') + R"(\\)";
  const auto parsed = parse_request(
      R"({"jsonrpc":"2.0","id":1,"method":"status","params":{"under":")" + text + R"("}})");
  CHECK(std::holds_alternative<Request>(parsed));
}

TEST_CASE("no mutated request throws, and every answer to it is one line of JSON") {
  std::mt19937 random(4);
  constexpr std::string_view splinters = "{}[]\":,\\0-e.\xff\x80\ntrue";
  for (int i = 0; i < 20'000; ++i) {
    std::string line(good);
    for (unsigned k = 0; k <= random() % 4; ++k) {
      const std::size_t place = random() % line.size();
      const char splinter = splinters[random() % splinters.size()];
      switch (random() % 3) {
        case 0:
          line[place] = splinter;
          break;
        case 1:
          line.insert(place, 1 + random() % 40, splinter);
          break;
        default:
          line.erase(place, random() % 5);
          if (line.empty()) line = "x";
      }
    }
    const auto parsed = parse_request(line);
    const std::string answer =
        std::holds_alternative<Request>(parsed)
            ? result_line(std::get<Request>(parsed).id, std::get<Request>(parsed).params)
            : error_line(std::get<RequestError>(parsed));
    REQUIRE(answer.find('\n') == answer.size() - 1);
    REQUIRE(!Json::parse(answer, nullptr, false).is_discarded());
  }
}

TEST_CASE("replies, errors and notifications have the form of JSON-RPC 2.0") {
  CHECK(result_line(7, {{"state", "idle"}}) ==
        "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"state\":\"idle\"}}\n");
  CHECK(error_line(Json("x"), ErrorCode::not_permitted, "root may") ==
        "{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"error\":{\"code\":-32001,\"message\":\"root may\","
        "\"data\":{\"name\":\"not-permitted\"}}}\n");
  CHECK(notification_line("progress", {{"pending", 1}, {"total", 2}}) ==
        "{\"jsonrpc\":\"2.0\",\"method\":\"progress\",\"params\":{\"pending\":1,\"total\":2}}\n");
  CHECK(request_line(1, "status", Json::object()) ==
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\",\"params\":{}}\n");
}

TEST_CASE("a message that is not UTF-8 still makes a reply") {
  const std::string line = error_line(1, ErrorCode::refused, "no \xff\n");
  CHECK(Json::parse(line)["error"]["message"] == Json("no \xef\xbf\xbd\n"));
}

TEST_CASE("every error code has a word and a number") {
  for (const ErrorCode code :
       {ErrorCode::parse_error, ErrorCode::invalid_request, ErrorCode::unknown_method,
        ErrorCode::invalid_params, ErrorCode::internal_error, ErrorCode::not_permitted,
        ErrorCode::not_found, ErrorCode::refused, ErrorCode::busy, ErrorCode::timed_out,
        ErrorCode::shutting_down})
    CHECK(error_code_from_number(static_cast<int>(code)) == code);
  CHECK(!error_code_from_number(-1));
}
