// SPDX-License-Identifier: Apache-2.0
// The command table agrees with itself, its examples with the reports, docs/protocol.md with it.
#include "protocol/command_table.h"

#include <doctest/doctest.h>

#include <set>
#include <string>

#include "protocol/explanation_report.h"
#include "protocol/json.h"
#include "protocol/params.h"
#include "protocol/reports.h"
#include "protocol/status_report.h"
#include "support/temporary_directory.h"

using namespace imgdedup::protocol;

namespace {

/// `json` read as a Report and written again.
template <typename Report>
Json rewritten(const Json& json) {
  return json.get<Report>();
}

template <typename Report>
Json rewritten_page(const Json& page) {
  Json items = Json::array();
  for (const Json& item : page.at("items")) items.push_back(item.get<Report>());
  return make_page(items, page.at("next"));
}

Json rewritten_result(std::string_view command, const Json& result) {
  if (command == "status") return rewritten<StatusReport>(result);
  if (command == "sync") return rewritten<SyncReport>(result);
  if (command == "duplicates" || command == "events") return rewritten_page<DecisionReport>(result);
  if (command == "groups") return rewritten_page<GroupReport>(result);
  if (command == "query") {
    Json items = Json::array();
    for (const Json& item : result.at("items")) items.push_back(item.get<QueryReport>());
    return {{"items", items}};
  }
  if (command == "explain") return rewritten<ExplanationReport>(result);
  if (command == "distinct") return rewritten<DistinctReport>(result);
  if (command == "quarantine.list") return rewritten_page<QuarantineEntryReport>(result);
  if (command == "quarantine.apply" || command == "quarantine.restore" ||
      command == "quarantine.purge")
    return rewritten_page<MoveReport>(result);
  if (command == "files") return rewritten_page<FileReport>(result);
  if (command == "unreadable") return rewritten_page<UnreadableReport>(result);
  if (command == "metrics") return {{"text", result.at("text").get<std::string>()}};
  return rewritten<StateReport>(result);
}

}  // namespace

TEST_CASE("the table has every command of the product but export, which is the client's, once") {
  std::set<std::string_view> names;
  for (const Command& command : all_commands()) CHECK(names.insert(command.name).second);
  CHECK(names == std::set<std::string_view>{"status", "sync", "duplicates", "groups", "query",
                                            "explain", "distinct", "quarantine.list", "files",
                                            "quarantine.apply", "unreadable", "quarantine.restore",
                                            "quarantine.purge", "rescan", "pause", "resume",
                                            "reload", "events", "metrics"});
}

TEST_CASE("a command is found by its whole name only") {
  REQUIRE(find_command("quarantine.list") != nullptr);
  CHECK(find_command("quarantine.list")->name == "quarantine.list");
  CHECK(find_command("quarantine") == nullptr);
  CHECK(find_command("Status") == nullptr);
  CHECK(find_command("") == nullptr);
}

TEST_CASE("what changes something has the level change") {
  std::set<std::string_view> changing;
  for (const Command& command : all_commands())
    if (command.level == CommandLevel::change) changing.insert(command.name);
  CHECK(changing == std::set<std::string_view>{"distinct", "quarantine.apply", "quarantine.restore",
                                               "quarantine.purge", "rescan", "pause", "resume",
                                               "reload"});
}

TEST_CASE("every command has a page whose example passes its own checks") {
  for (const Command& command : all_commands()) {
    CAPTURE(command.name);
    const CommandPage& page = page_of(command);
    CHECK(page.name == command.name);
    CHECK(!page.description.empty());
    const Json params = Json::parse(page.example_params);
    const auto checked = validate_params(command, params);
    CHECK(std::holds_alternative<Json>(checked));
    const Json result = Json::parse(page.example_result);
    CHECK(rewritten_result(command.name, result).dump(2) == result.dump(2));
    if (page.notification_method == "progress") {
      const Json progress = Json::parse(page.example_notification);
      CHECK(rewritten<ProgressReport>(progress) == progress);
    } else if (page.notification_method == "decision") {
      const Json decision = Json::parse(page.example_notification);
      CHECK(rewritten<DecisionReport>(decision) == decision);
    } else {
      CHECK(page.notification_method.empty());
    }
  }
}

TEST_CASE("a choice names parameters of its command") {
  for (const Command& command : all_commands())
    for (const std::string_view choice : command.one_of) {
      bool is_parameter = false;
      for (const Parameter& parameter : command.parameters)
        is_parameter = is_parameter || parameter.name == choice;
      CHECK_MESSAGE(is_parameter, command.name, " ", choice);
    }
}

TEST_CASE("docs/protocol.md is what the table says") {
  const std::string page =
      imgdedup::testing::read_file(std::filesystem::path(IMGDEDUP_SOURCE_DIR) / "docs/protocol.md");
  CHECK_MESSAGE(page == protocol_markdown(),
                "write it again: build/debug/imgdedup-protocol-page > docs/protocol.md");
}
