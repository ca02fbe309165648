// SPDX-License-Identifier: Apache-2.0
#include "protocol/params.h"

#include <doctest/doctest.h>

#include <string>

using namespace imgdedup::protocol;

namespace {

std::variant<Json, ParameterError> validate(std::string_view command, const Json& params) {
  return validate_params(*find_command(command), params);
}

Json valid(std::string_view command, const Json& params) {
  const auto result = validate(command, params);
  REQUIRE_MESSAGE(std::holds_alternative<Json>(result), std::get<ParameterError>(result).message);
  return std::get<Json>(result);
}

std::string error_of(std::string_view command, const Json& params) {
  const auto result = validate(command, params);
  REQUIRE_MESSAGE(std::holds_alternative<ParameterError>(result), dump_line(params));
  return std::get<ParameterError>(result).message;
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("params that are absent get the value the table says") {
  CHECK(valid("duplicates", Json::object()) == Json{{"limit", 1000}});
  CHECK(valid("quarantine.list", Json::object()) == Json{{"orphans", false}, {"limit", 1000}});
  CHECK(valid("events", Json::object()) == Json{{"follow", false}, {"limit", 1000}});
  CHECK(valid("status", Json::object()) == Json::object());
}

TEST_CASE("durations become milliseconds, paths their bytes") {
  CHECK(valid("sync", {{"timeout", "60s"}})["timeout"] == Json(60'000));
  CHECK(valid("quarantine.purge", {{"older_than", "30d"}})["older_than"] ==
        Json(30LL * 24 * 3'600'000));
  CHECK(valid("files", {{"under", "/a/b/"}})["under"] == Json("/a/b"));
  CHECK(valid("files", {{"under", "/"}})["under"] == Json("/"));
  CHECK(valid("files", {{"under", {{"bytes", "L2H/"}}}})["under"] == Json("/a\xff"));
  CHECK(valid("query", {{"paths", {"/a", "/b"}}})["paths"] == Json::array({"/a", "/b"}));
}

TEST_CASE("an unknown parameter is refused and the known ones are named") {
  const std::string message = error_of("groups", {{"udner", "/a"}});
  CHECK(has(message, "\"udner\""));
  CHECK(has(message, "\"under\", \"limit\" and \"after\""));
  CHECK(has(error_of("pause", {{"now", true}}), "it takes none"));
}

TEST_CASE("a missing parameter is named with what it must be") {
  const std::string message = error_of("distinct", {{"first", "/a"}});
  CHECK(has(message, "\"second\""));
  CHECK(has(message, "absolute path"));
}

TEST_CASE("a wrong value is refused with the parameter and what is allowed") {
  CHECK(has(error_of("duplicates", {{"relation", "close"}}),
            "\"relation\" must be \"exact\", \"pixels\", \"near\" or \"edited\", not \"close\""));
  CHECK(has(error_of("duplicates", {{"limit", 0}}), "\"limit\" must be an integer from 1 to 1000"));
  for (const Json& bad :
       {Json(1001), Json(-1), Json(1.5), Json("5"), Json(true), Json(nullptr), Json(UINT64_MAX)})
    CHECK(has(error_of("files", {{"limit", bad}}), "\"limit\""));
  for (const Json& bad : {Json("60"), Json("s"), Json(""), Json("-1s"), Json("1 s"), Json(60),
                          Json("1.5s"), Json("99999999999999999999d"), Json("1s2")})
    CHECK_MESSAGE(has(error_of("sync", {{"timeout", bad}}), "\"timeout\""), dump_line(bad));
  for (const Json& bad : {Json("a"), Json(1), Json::object(), Json(std::string("/a\0", 3))})
    CHECK(has(error_of("rescan", {{"directory", bad}}), "absolute path"));
  CHECK(has(error_of("events", {{"follow", "yes"}}), "true or false"));
  for (const Json& bad : {Json(0), Json(-3), Json(""), Json(std::string(65, 'x')), Json(true)})
    CHECK(has(error_of("files", {{"after", bad}}), "\"after\""));
}

TEST_CASE("lists have at least one item and a bound") {
  const auto ids = [](int count) { return Json(std::vector<int>(std::size_t(count), 7)); };
  CHECK(valid("quarantine.restore", {{"ids", ids(100)}})["ids"].size() == 100);
  CHECK(has(error_of("quarantine.restore", {{"ids", ids(101)}}), "1 to 100"));
  CHECK(has(error_of("quarantine.restore", {{"ids", ids(0)}}), "1 to 100"));
  CHECK(has(error_of("quarantine.restore", {{"ids", {1, "2"}}}), "positive integers"));
  CHECK(has(error_of("quarantine.restore", {{"ids", {1, 0}}}), "positive integers"));
  CHECK(has(error_of("query", {{"paths", std::vector<std::string>(65, "/a")}}), "1 to 64"));
  CHECK(has(error_of("query", {{"paths", {"/a", "b"}}}), "absolute"));
}

TEST_CASE("exactly one of several choices must be made") {
  CHECK(has(error_of("quarantine.restore", Json::object()),
            "exactly one of the parameters \"ids\" and \"all\""));
  error_of("quarantine.restore", {{"ids", {1}}, {"all", true}});
  error_of("quarantine.restore", {{"all", false}});
  CHECK(valid("quarantine.restore", {{"ids", {1}}, {"all", false}})["ids"] == Json::array({1}));
  CHECK(valid("quarantine.restore", {{"all", true}})["all"] == Json(true));
  error_of("quarantine.purge", {{"force", true}});
  error_of("quarantine.purge", {{"ids", {1}}, {"older_than", "1d"}});
}

TEST_CASE("an error shows foreign text short and safe") {
  const std::string message =
      error_of("duplicates", {{"relation", "\033[31m" + std::string(5000, 'x')}});
  CHECK(message.find('\033') == std::string::npos);
  CHECK(message.size() < 300);
  const std::string name = error_of("status", {{"\033\n" + std::string(5000, 'y'), 1}});
  CHECK(name.find('\033') == std::string::npos);
  CHECK(name.size() < 300);
}
