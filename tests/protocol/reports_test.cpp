// SPDX-License-Identifier: Apache-2.0
#include "protocol/reports.h"

#include <doctest/doctest.h>

#include <string>

using namespace imgdedup::protocol;
using namespace imgdedup::matching;

namespace {

DecisionReport some_decision() {
  DecisionReport decision;
  decision.id = 7;
  decision.relation = Relation::near;
  decision.path = "/a/bad\xff\n.jpg";
  decision.original = "/a/\033]0;x\a.jpg";
  decision.action_limit = ActionLimit::hard_linked;
  decision.evidence.distance_bits = 3;
  decision.evidence.ssim = 0.97;
  decision.content.bytes[0] = 0xab;
  decision.decided_at = Time(std::chrono::milliseconds(1'777'777'777'777));
  decision.supersedes = 3;
  return decision;
}

template <typename Report>
void check_survives(const Report& report) {
  const Json json = Json::parse(dump_line(report));
  CHECK(json.get<Report>() == report);
}

}  // namespace

TEST_CASE("a decision's line is one safe line that reads back as the decision") {
  const DecisionReport decision = some_decision();
  const std::string line = decision_line(decision);
  for (const char byte : line) CHECK((byte >= ' ' && byte < '\x7f'));
  CHECK(Json::parse(line).get<DecisionReport>() == decision);
  CHECK(
      line.starts_with("{\"id\":7,\"relation\":\"near\",\"path\":\"/a/bad\\\\xff\\\\n.jpg\","
                       "\"path_bytes\":"));
}

TEST_CASE("every report reads back as it was written") {
  check_survives(some_decision());
  CHECK_FALSE(Json(some_decision()).contains("not_moved"));
  DecisionReport stuck = some_decision();
  stuck.not_moved = "No space left on device";
  check_survives(stuck);
  GroupReport group;
  group.id = 2;
  group.original = "/a\xff";
  group.copies = 3;
  group.duplicates = {some_decision(), some_decision()};
  check_survives(group);
  QueryReport query;
  query.path = "/q\xff";
  check_survives(query);
  query.judged = Judgement::duplicate;
  query.content = ContentDigest{};
  query.relation = Relation::edited;
  query.original = "/o\xff";
  query.evidence = Evidence{1, 0.5, 20, 0.25, true, 90.5, 0.5, 0.75};
  check_survives(query);
  query = {};
  query.judged = Judgement::not_an_image;
  query.reason = RefusalReason::not_an_image;
  query.message = "no signature";
  check_survives(query);
  check_survives(QuarantineEntryReport{9,
                                       "/p\xff",
                                       "/q",
                                       {},
                                       1U << 30,
                                       Relation::pixels,
                                       "/o",
                                       Time(std::chrono::milliseconds(5)),
                                       true,
                                       true,
                                       DecisionState::quarantined});
  check_survives(MoveReport{1, "/p\xff", false, "why"});
  check_survives(MoveReport{1, "", true, std::nullopt});
  check_survives(FileReport{1, "/p", FileState::alias, 77, ContentDigest{}});
  check_survives(FileReport{1, "/p\xff", FileState::pending, 77, std::nullopt});
  check_survives(
      UnreadableReport{1, "/p", FileState::incomplete, RefusalReason::incomplete, "half"});
  check_survives(SyncReport{12, 0.5});
  check_survives(ProgressReport{3, 4});
  check_survives(DistinctReport{{}, {}, false, true});
  check_survives(StateReport{ServiceState::paused});
}

TEST_CASE("a status reads back as it was written") {
  StatusReport status;
  status.version = "1";
  status.state = ServiceState::degraded;
  status.images = 5;
  status.duplicates = {1, 2, 3, 4};
  status.quarantined = {1, 2, 3};
  status.index = {4, 3, 2000, 2, 500, 0.5};
  status.sandbox = {false, {{"Landlock", "seccomp"}}};
  status.last_error = "disk";
  status.last_error_at = Time(std::chrono::milliseconds(1'777'777'777'777));
  status.last_reconcile_ms = 12;
  status.moves_undone = 6;
  status.degraded = {"watch-limit: raise it"};
  RootReport root;
  root.path = "/r\xff";
  root.mode = RootMode::polling;
  root.last_reconcile = Time(std::chrono::milliseconds(99));
  root.error = "gone";
  status.roots = {root, RootReport{}};
  check_survives(status);
  check_survives(StatusReport{});
  CHECK(Json(status)["duplicates"] ==
        Json{{"exact", 1}, {"pixels", 2}, {"near", 3}, {"edited", 4}});
}

TEST_CASE("a report with a member that is missing, of another kind or an unknown word is refused") {
  Json decision = some_decision();
  CHECK_NOTHROW(decision.get<DecisionReport>());
  const Json wrong_members{{"relation", "close"},   {"state", 7},       {"content", "ab"},
                           {"decided_at", "today"}, {"id", "x"},        {"action", nullptr},
                           {"action_limit", "odd"}, {"path_bytes", "?"}};
  for (const auto& [key, value] : wrong_members.items()) {
    CAPTURE(key);
    Json changed = decision;
    changed[key] = value;
    CHECK_THROWS_AS(changed.get<DecisionReport>(), Json::exception);
  }
  decision.erase("evidence");
  CHECK_THROWS_AS(decision.get<DecisionReport>(), Json::exception);
}

TEST_CASE("a group cursor is text, both ways, and nothing else is one") {
  CHECK(to_text(GroupCursor{17, 2345}) == "17:2345");
  CHECK(group_cursor_from_text("17:2345") == GroupCursor{17, 2345});
  for (const char* bad :
       {"", ":", "17", "17:", ":1", "a:1", "1:-1", "1:2:3", "1: 2", "9999999999999999999:1"})
    CHECK_MESSAGE(!group_cursor_from_text(bad), bad);
}

TEST_CASE("decision states have words, both ways") {
  for (const char* name :
       {"standing", "quarantined", "restored", "purged", "superseded", "dismissed"})
    CHECK(name_of(decision_state_from_name(name).value()) == name);
  CHECK(!decision_state_from_name("gone"));
}
