// SPDX-License-Identifier: Apache-2.0
#include "ctl/invocation.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <vector>

using namespace imgdedup::ctl;
using imgdedup::protocol::Json;

namespace {

using Words = std::vector<std::string>;

Invocation parsed(const Words& words, std::string_view socket_variable = "") {
  const auto result = parse_arguments(words, socket_variable);
  REQUIRE_MESSAGE(std::holds_alternative<Invocation>(result), std::get<EarlyExit>(result).text);
  return std::get<Invocation>(result);
}

EarlyExit early(const Words& words) {
  const auto result = parse_arguments(words, "");
  REQUIRE(std::holds_alternative<EarlyExit>(result));
  return std::get<EarlyExit>(result);
}

std::string usage_error(const Words& words) {
  const EarlyExit exit = early(words);
  CHECK(exit.status == ExitStatus::wrong_usage);
  CHECK(exit.text.starts_with("imgdedupctl: "));
  CHECK(exit.text.ends_with("\n"));
  return exit.text;
}

}  // namespace

TEST_CASE("the socket is the option's, else the variable's, else the usual one") {
  CHECK(parsed({"status"}).socket_path == "/run/imgdedupd/control.sock");
  CHECK(parsed({"status"}, "/v").socket_path == "/v");
  CHECK(parsed({"--socket", "/o", "status"}, "/v").socket_path == "/o");
  CHECK(parsed({"status", "--socket=/o"}, "/v").socket_path == "/o");
}

TEST_CASE("--json is understood before and after the command") {
  CHECK(parsed({"status"}).form == OutputForm::for_people);
  CHECK(parsed({"--json", "status"}).form == OutputForm::json);
  CHECK(parsed({"status", "--json"}).form == OutputForm::json);
  CHECK(parsed({"quarantine", "list", "--json"}).form == OutputForm::json);
  CHECK(parsed({"quarantine", "--json", "list"}).form == OutputForm::json);
}

TEST_CASE("every spelling of the product becomes the command and its params") {
  const auto is = [](const Words& words, std::string_view command, const Json& params) {
    const Invocation invocation = parsed(words);
    CAPTURE(words.front());
    CHECK(invocation.command->name == command);
    CHECK(invocation.params == params);
  };
  const Json none = Json::object();
  is({"status"}, "status", none);
  is({"sync"}, "sync", none);
  is({"sync", "--timeout", "60s"}, "sync", {{"timeout", "60s"}});
  is({"duplicates", "--relation", "near", "--under", "/a", "--limit", "5", "--after", "7"},
     "duplicates", {{"relation", "near"}, {"under", "/a"}, {"after", 7}});
  is({"groups", "--under", "/a/"}, "groups", {{"under", "/a"}});
  is({"query", "a", "b"}, "query", none);
  is({"explain", "/a", "/b"}, "explain", {{"first", "/a"}, {"second", "/b"}});
  is({"distinct", "/a", "/b"}, "distinct", {{"first", "/a"}, {"second", "/b"}});
  is({"distinct", "--undo", "/a", "/b"}, "distinct",
     {{"first", "/a"}, {"second", "/b"}, {"undo", true}});
  is({"quarantine", "list"}, "quarantine.list", none);
  is({"quarantine", "list", "--orphans"}, "quarantine.list", {{"orphans", true}});
  is({"quarantine", "restore", "3", "4"}, "quarantine.restore", none);
  is({"quarantine", "restore", "--all"}, "quarantine.restore", {{"all", true}});
  is({"quarantine", "purge", "3", "--force"}, "quarantine.purge", {{"force", true}});
  is({"quarantine", "purge", "--older-than", "30d"}, "quarantine.purge", {{"older_than", "30d"}});
  is({"files", "--under", "/a", "-0"}, "files", {{"under", "/a"}});
  is({"export", "--duplicates", "/d/", "--unique", "/u"}, "export",
     {{"duplicates", "/d"}, {"unique", "/u"}});
  is({"export", "--duplicates", "/d", "--unique", "/u", "--link", "--under", "/a"}, "export",
     {{"duplicates", "/d"}, {"unique", "/u"}, {"link", true}, {"under", "/a"}});
  is({"unreadable"}, "unreadable", none);
  is({"rescan"}, "rescan", none);
  is({"rescan", "/a"}, "rescan", {{"directory", "/a"}});
  for (const char* word : {"pause", "resume", "reload", "metrics"}) is({word}, word, none);
  is({"events"}, "events", none);
  is({"events", "--follow"}, "events", {{"follow", true}});
}

TEST_CASE("what is no parameter is kept beside them") {
  CHECK(parsed({"query", "a", "[b,c]"}).files == Words{"a", "./[b,c]"});
  CHECK(parsed({"query", "--", "-a", "--json"}).files == Words{"-a", "--json"});
  CHECK(parsed({"query", "status", "list"}).files == Words{"status", "list"});
  CHECK(parsed({"quarantine", "restore", "3", "4"}).ids == std::vector<std::int64_t>{3, 4});
  CHECK(parsed({"files", "-0"}).separator == Separator::nul);
  CHECK(parsed({"files"}).separator == Separator::newline);
  CHECK(parsed({"duplicates", "--limit", "5"}).max_items == 5);
  CHECK(parsed({"sync", "--timeout", "1500ms"}).timeout == std::chrono::milliseconds(1500));
}

TEST_CASE("paths are made absolute, and keep their bytes") {
  const std::string here = std::filesystem::current_path().native();
  CHECK(parsed({"rescan", "x/../y"}).params == Json{{"directory", here + "/y"}});
  CHECK(parsed({"groups", "--under", "."}).params == Json{{"under", here}});
  CHECK(parsed({"rescan", "/a\xff"}).params == Json{{"directory", {{"bytes", "L2H/"}}}});
}

TEST_CASE("wrong usage says what is wrong") {
  const auto says = [](const Words& words, std::string_view part) {
    const std::string text = usage_error(words);
    CHECK_MESSAGE(text.find(part) != std::string::npos, text);
  };
  says({}, "which command?");
  says({"frobnicate"}, "frobnicate");
  says({"explain", "a"}, "B");
  says({"export", "--unique", "/u"}, "--duplicates");
  says({"quarantine"}, "quarantine what?");
  says({"quarantine", "frob"}, "frob");
  says({"status", "--nope"}, "--nope");
  says({"status", "pause"}, "pause");
  says({"--socket"}, "--socket");
  says({"sync", "--timeout", "60"}, "duration with its unit");
  says({"duplicates", "--relation", "close"}, "\"exact\", \"pixels\", \"near\" or \"edited\"");
  says({"duplicates", "--limit", "0"}, "--limit");
  says({"duplicates", "--limit", "x"}, "--limit");
  says({"duplicates", "--after", "-1"}, "--after");
  says({"query"}, "FILE");
  says({"distinct", "a"}, "B");
  says({"quarantine", "restore"}, "either IDs or --all");
  says({"quarantine", "restore", "1", "--all"}, "either IDs or --all");
  says({"quarantine", "restore", "0"}, "no positive number");
  says({"quarantine", "purge", "--force"}, "either IDs or --older-than");
  says({"quarantine", "purge", "1", "--older-than", "30d"}, "either IDs or --older-than");
  says({"quarantine", "purge", "--older-than", "30"}, "duration with its unit");
  says({"help", "nope"}, "nope");
  says({"--json", "help"}, "no JSON form");
  says({"bad\033[31m"}, "bad\\x1b[31m");
}

TEST_CASE("help of help and of a word with commands below it are in one manner") {
  CHECK(early({"help", "help"}).text.starts_with("Usage: imgdedupctl help [COMMAND]\n"));
  const std::string family = early({"help", "quarantine"}).text;
  CHECK_MESSAGE(family.starts_with("Usage: imgdedupctl quarantine COMMAND\n"), family);
  CHECK(family.find("  quarantine restore ID...|--all\n") != std::string::npos);
  CHECK(family.find("  status\n") == std::string::npos);
}

TEST_CASE("help and version are answers, not errors") {
  CHECK(early({"--version"}).text.starts_with("imgdedupctl "));
  for (const Words& words : {Words{"--help"}, Words{"help"}, Words{"-h"}}) {
    const EarlyExit exit = early(words);
    CHECK(exit.status == ExitStatus::done);
    for (const auto& command : imgdedup::protocol::all_commands()) {
      CHECK(exit.text.find(command.usage) != std::string::npos);
      CHECK(exit.text.find(command.help) != std::string::npos);
    }
  }
  for (const Words& words :
       {Words{"help", "quarantine", "purge"}, Words{"quarantine", "purge", "--help"}}) {
    const EarlyExit exit = early(words);
    CHECK(exit.status == ExitStatus::done);
    CHECK(exit.text.find("imgdedupctl quarantine purge") != std::string::npos);
    CHECK(exit.text.find("--older-than") != std::string::npos);
  }
}
