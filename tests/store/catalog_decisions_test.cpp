// SPDX-License-Identifier: Apache-2.0
// The contract of every catalog: decisions and the journal of moves.
#include <doctest/doctest.h>

#include "store/catalog_backends.h"
#include "store/store_error.h"

using namespace imgdedup;
using namespace imgdedup::testing;
using matching::Action;
using matching::DecisionState;
using matching::Relation;
using store::FileRole;
using store::MoveState;
using Ids = std::vector<std::int64_t>;

namespace {

store::QuarantineEntry entry(store::DecisionId id, std::uint64_t content = 1) {
  store::QuarantineEntry result;
  result.id = id;
  result.state = MoveState::quarantined;
  result.original_path = "/w/\xff" + std::to_string(id);
  result.quarantine_directory = "/w/.imgdedup-quarantine";
  result.name = "q" + std::to_string(id) + "-x.jpg";
  result.stamp = stamp(static_cast<std::uint64_t>(id));
  result.content = digest(content);
  result.keeper_path = "/w/k\n";
  result.relation = Relation::near;
  result.moved_at_ns = 77;
  return result;
}

}  // namespace

TEST_CASE_TEMPLATE("a decision is kept as it was taken", Backend, CATALOG_BACKENDS) {
  OpenCatalog<Backend> catalog;
  const auto original = catalog.add_judged("/w/o\xff", 1, 1);
  const auto file = catalog.add_judged("/w/new\nline", 2, 2, FileRole::duplicate);
  matching::DuplicateVerdict verdict;
  verdict.original_file_id = original;
  verdict.relation = Relation::near;
  verdict.evidence = {3, -0.25, std::nullopt, 0.5};
  verdict.action = Action::quarantine;
  verdict.action_limit = matching::ActionLimit::hard_linked;
  const auto id = catalog->add_decision({file, verdict, -3, 41});
  const auto decision = catalog->decision(id);
  REQUIRE(decision);
  CHECK(decision->file_id == file);
  CHECK(decision->original_file_id == original);
  CHECK(decision->path == "/w/new\nline");
  CHECK(decision->original_path == "/w/o\xff");
  CHECK(decision->relation == Relation::near);
  CHECK(decision->evidence == verdict.evidence);
  CHECK(decision->action == Action::quarantine);
  CHECK(decision->action_limit == matching::ActionLimit::hard_linked);
  CHECK(decision->content == digest(2));
  CHECK(decision->original_content == digest(1));
  CHECK(decision->decided_at_ns == -3);
  CHECK(decision->state == DecisionState::standing);
  CHECK(decision->supersedes == 41);
  CHECK_FALSE(catalog->decision(id + 1));
}

TEST_CASE_TEMPLATE("at most one decision stands on a file", Backend, CATALOG_BACKENDS) {
  OpenCatalog<Backend> catalog;
  const auto original = catalog.add_judged("/w/o", 1, 1);
  const auto file = catalog.add_judged("/w/f", 2, 1, FileRole::duplicate);
  const auto first = catalog.decide(file, original);
  CHECK_THROWS_AS((void)catalog.decide(file, original), store::StoreError);
  catalog->set_decision_state(first, DecisionState::superseded);
  CHECK_FALSE(catalog->standing_decision_on(file));
  CHECK(catalog->last_decision_on(file)->id == first);
  const auto second = catalog.decide(file, original);
  CHECK(second > first);
  CHECK(catalog->standing_decision_on(file)->id == second);
  CHECK(catalog->last_decision_on(file)->id == second);
  CHECK(ids_of(catalog->decisions_after(0, 9)) == Ids{first, second});
  CHECK(ids_of(catalog->decisions_after(first, 9)) == Ids{second});
  CHECK(catalog->decisions_after(0, 1).size() == 1);
  CHECK(catalog->last_decision_id() == second);
}

TEST_CASE_TEMPLATE("there is no decision about a file without content", Backend, CATALOG_BACKENDS) {
  OpenCatalog<Backend> catalog;
  const auto original = catalog.add_judged("/w/o", 1, 1);
  const auto file = catalog->add_file("/w/f", stamp(2), 1, matching::FileState::pending);
  CHECK_THROWS_AS((void)catalog.decide(file, original), store::StoreError);
  CHECK_THROWS_AS((void)catalog.decide(original, 999), store::StoreError);
  CHECK(catalog->last_decision_id() == 0);
}

TEST_CASE_TEMPLATE("decisions in force show where the files are", Backend, CATALOG_BACKENDS) {
  OpenCatalog<Backend> catalog;
  const auto original = catalog.add_judged("/w/o", 1, 1);
  const auto a = catalog.add_judged("/w/a", 2, 1, FileRole::duplicate);
  const auto b = catalog.add_judged("/w/b", 3, 1, FileRole::duplicate);
  const auto old = catalog.decide(a, original);
  catalog->set_decision_state(old, DecisionState::superseded);
  const auto standing = catalog.decide(a, original);
  const auto quarantined = catalog.decide(b, original);
  catalog->set_decision_state(quarantined, DecisionState::quarantined);
  catalog->remove_file(b);
  catalog->move_file(a, "/w/d/a2");
  catalog->move_file(original, "/w/d/o2");
  CHECK(catalog->decision(standing)->path == "/w/d/a2");
  CHECK(catalog->decision(standing)->original_path == "/w/d/o2");
  CHECK(catalog->decision(quarantined)->path == "/w/b");
  CHECK(catalog->decision(quarantined)->original_path == "/w/d/o2");
  CHECK(catalog->decision(old)->path == "/w/a");
  CHECK(catalog->decision(old)->original_path == "/w/o");
}

TEST_CASE_TEMPLATE("decisions in force are listed newest first, by relation and directory", Backend,
                   CATALOG_BACKENDS) {
  OpenCatalog<Backend> catalog;
  const auto original = catalog.add_judged("/w/o", 1, 1);
  Ids ids;
  std::uint64_t inode = 1;
  for (const char* path : {"/w/d/a", "/w/d.x/a", "/w/d0/a", "/w/d/\xff/a", "/w/d/e/a", "/w/d"}) {
    const auto file = catalog.add_judged(path, ++inode, 1, FileRole::duplicate);
    ids.push_back(
        catalog.decide(file, original, inode % 2 == 0 ? Relation::exact : Relation::near));
  }
  catalog->set_decision_state(ids[3], DecisionState::quarantined);
  CHECK(ids_of(catalog->decisions_in_force({}, 0, 9).rows) ==
        Ids{ids[5], ids[4], ids[3], ids[2], ids[1], ids[0]});
  CHECK(ids_of(catalog->decisions_in_force({}, 0, 2).rows) == Ids{ids[5], ids[4]});
  CHECK(ids_of(catalog->decisions_in_force({}, ids[4], 2).rows) == Ids{ids[3], ids[2]});
  CHECK(ids_of(catalog->decisions_in_force({{}, "/w/d"}, 0, 9).rows) ==
        Ids{ids[4], ids[3], ids[0]});
  CHECK(ids_of(catalog->decisions_in_force({{}, "/"}, 0, 9).rows).size() == 6);
  CHECK(ids_of(catalog->decisions_in_force({Relation::near, "/w/d"}, 0, 9).rows) == Ids{ids[3]});
  CHECK(ids_of(catalog->decisions_in_force({Relation::pixels, ""}, 0, 9).rows).empty());
  CHECK(catalog->count_decisions().in_force_by_relation ==
        std::array<std::uint64_t, 4>{3, 0, 3, 0});

  for (const auto state : {DecisionState::restored, DecisionState::purged,
                           DecisionState::superseded, DecisionState::dismissed}) {
    catalog->set_decision_state(ids[0], state);
    CHECK(catalog->decisions_in_force({}, 0, 9).rows.size() == 5);
    CHECK(catalog->decision(ids[0])->state == state);
  }
  CHECK(catalog->count_decisions().in_force_by_relation[0] == 2);
}

TEST_CASE_TEMPLATE("a listing of decisions looks at so many rows and goes on where it stopped",
                   Backend, CATALOG_BACKENDS) {
  OpenCatalog<Backend> catalog;
  const auto first = catalog.add_judged("/o/1", 1, 1);
  const auto second = catalog.add_judged("/o/2", 2, 2);
  Ids ids;
  for (std::uint64_t i = 0; i < 10; ++i) {
    const bool is_inside = i == 1 || i == 8;
    const auto file = catalog.add_judged((is_inside ? "/in/" : "/out/") + std::to_string(i), 10 + i,
                                         1, FileRole::duplicate);
    ids.push_back(
        catalog.decide(file, i < 5 ? first : second, is_inside ? Relation::near : Relation::exact));
  }
  // Of what is not in force nothing has to be looked at.
  catalog->set_decision_state(ids[5], DecisionState::dismissed);

  for (const store::DecisionFilter& filter :
       {store::DecisionFilter{{}, "/in"}, store::DecisionFilter{Relation::near, ""}}) {
    auto page = catalog->decisions_in_force(filter, 0, {9, 3});
    CHECK(ids_of(page.rows) == Ids{ids[8]});
    CHECK(page.next == ids[7]);
    page = catalog->decisions_in_force(filter, *page.next, {9, 3});
    CHECK(page.rows.empty());
    CHECK(page.next == ids[3]);
    page = catalog->decisions_in_force(filter, *page.next, {9, 4});
    CHECK(ids_of(page.rows) == Ids{ids[1]});
    CHECK_FALSE(page.next);
    CHECK(catalog->decisions_in_force(filter, 0, {1, 3}).next == ids[8]);
  }
  // What leaves nothing out shows all it looks at.
  CHECK(catalog->decisions_in_force({}, 0, {9, 3}).rows.size() == 9);

  auto page = catalog->decisions_by_group("/in", {}, {9, 4});
  CHECK(ids_of(page.rows) == Ids{ids[1]});
  CHECK(page.next == store::GroupPlace{first, ids[3]});
  page = catalog->decisions_by_group("/in", *page.next, {9, 4});
  CHECK(ids_of(page.rows) == Ids{ids[8]});
  CHECK(page.next == store::GroupPlace{second, ids[8]});
  page = catalog->decisions_by_group("/in", *page.next, {9, 4});
  CHECK(page.rows.empty());
  CHECK_FALSE(page.next);
}

TEST_CASE_TEMPLATE("decisions are listed by group, page by page", Backend, CATALOG_BACKENDS) {
  OpenCatalog<Backend> catalog;
  const auto one = catalog.add_judged("/w/d/one", 1, 1);
  const auto two = catalog.add_judged("/x/two", 2, 2);
  const auto a = catalog.add_judged("/w/a", 3, 2, FileRole::duplicate);
  const auto b = catalog.add_judged("/w/b", 4, 1, FileRole::duplicate);
  const auto c = catalog.add_judged("/x/d/c", 5, 2, FileRole::duplicate);
  const auto of_a = catalog.decide(a, two);
  const auto of_b = catalog.decide(b, one);
  const auto of_c = catalog.decide(c, two);
  CHECK(ids_of(catalog->decisions_by_group("", {}, 9).rows) == Ids{of_b, of_a, of_c});
  Ids seen;
  store::GroupPlace place;
  for (;;) {
    const auto page = catalog->decisions_by_group("", place, 1).rows;
    if (page.empty()) break;
    seen.push_back(page[0].id);
    place = {page[0].original_file_id, page[0].id};
  }
  CHECK(seen == Ids{of_b, of_a, of_c});
  CHECK(ids_of(catalog->decisions_by_group("/w/d", {}, 9).rows) == Ids{of_b});
  CHECK(ids_of(catalog->decisions_by_group("/x", {}, 9).rows) == Ids{of_a, of_c});
  CHECK(ids_of(catalog->decisions_by_group("/x/d", {}, 9).rows) == Ids{of_c});
  CHECK(catalog->count_decisions_against(two) == 2);
  CHECK(ids_of(catalog->standing_decisions_against(two)) == Ids{of_a, of_c});
  catalog->set_decision_state(of_a, DecisionState::quarantined);
  CHECK(catalog->count_decisions_against(two) == 2);
  CHECK(ids_of(catalog->standing_decisions_against(two)) == Ids{of_c});
  catalog->set_decision_state(of_a, DecisionState::restored);
  CHECK(catalog->count_decisions_against(two) == 1);
}

TEST_CASE_TEMPLATE("decisions to carry out stand and say quarantine", Backend, CATALOG_BACKENDS) {
  OpenCatalog<Backend> catalog;
  const auto original = catalog.add_judged("/w/o", 1, 1);
  Ids ids;
  std::uint64_t inode = 1;
  for (const auto action :
       {Action::quarantine, Action::log, Action::quarantine, Action::quarantine}) {
    const auto file =
        catalog.add_judged("/w/" + std::to_string(inode), inode + 1, 1, FileRole::duplicate);
    ++inode;
    ids.push_back(catalog.decide(file, original, Relation::exact, action));
  }
  catalog->set_decision_state(ids[2], DecisionState::quarantined);
  CHECK(ids_of(catalog->decisions_to_carry_out(0, 9)) == Ids{ids[0], ids[3]});
  CHECK(ids_of(catalog->decisions_to_carry_out(ids[0], 9)) == Ids{ids[3]});
  CHECK(catalog->decisions_to_carry_out(0, 1).size() == 1);
}

TEST_CASE_TEMPLATE("ids of decisions are not used twice", Backend, CATALOG_BACKENDS) {
  OpenCatalog<Backend> catalog;
  const auto original = catalog.add_judged("/w/o", 1, 1);
  const auto file = catalog.add_judged("/w/f", 2, 1, FileRole::duplicate);
  SUBCASE("reserved in a new catalog") {
    catalog->reserve_decision_ids(500);
    catalog->reserve_decision_ids(20);
    CHECK(catalog->last_decision_id() == 0);
    CHECK(catalog.decide(file, original) == 501);
  }
  SUBCASE("reserved after some were used") {
    const auto first = catalog.decide(file, original);
    catalog->set_decision_state(first, DecisionState::superseded);
    catalog->reserve_decision_ids(first);
    CHECK(catalog.decide(file, original) == first + 1);
    catalog->set_decision_state(first + 1, DecisionState::superseded);
    catalog->reserve_decision_ids(800);
    catalog.reopen();
    CHECK(catalog.decide(file, original) == 801);
  }
}

TEST_CASE_TEMPLATE("the journal keeps a move and its state", Backend, CATALOG_BACKENDS) {
  OpenCatalog<Backend> catalog;
  const auto original = catalog.add_judged("/w/o", 1, 1);
  const auto file = catalog.add_judged("/w/f", 2, 1, FileRole::duplicate);
  const auto id = catalog.decide(file, original);
  catalog->begin_move(entry(id));
  const auto read = catalog->quarantine_entry(id);
  REQUIRE(read);
  const auto written = entry(id);
  CHECK(read->state == MoveState::intent);
  CHECK(read->original_path == written.original_path);
  CHECK(read->quarantine_directory == written.quarantine_directory);
  CHECK(read->name == written.name);
  CHECK(read->stamp == written.stamp);
  CHECK(read->content == written.content);
  CHECK(read->keeper_path == written.keeper_path);
  CHECK(read->relation == written.relation);
  CHECK(read->moved_at_ns == written.moved_at_ns);
  CHECK(ids_of(catalog->quarantine_entries(MoveState::intent, 0, 9)) == Ids{id});

  catalog->set_move_state(id, MoveState::undone);
  CHECK(catalog->quarantine_entries(MoveState::intent, 0, 9).empty());
  auto again = entry(id);
  again.name = "other";
  catalog->begin_move(again);
  CHECK(catalog->quarantine_entry(id)->name == "other");
  CHECK(catalog->quarantine_entry(id)->state == MoveState::intent);
  CHECK_FALSE(catalog->quarantine_entry(id + 1));
}

TEST_CASE_TEMPLATE("the journal never loses sight of a file that lies in quarantine", Backend,
                   CATALOG_BACKENDS) {
  OpenCatalog<Backend> catalog;
  REQUIRE(catalog->adopt_quarantine_entry(entry(9)));
  auto other = entry(9);
  other.name = "other";
  CHECK_THROWS_AS(catalog->begin_move(other), store::StoreError);
  CHECK(catalog->quarantine_entry(9)->name == entry(9).name);
  CHECK(catalog->quarantine_entry(9)->state == MoveState::quarantined);
}

TEST_CASE_TEMPLATE("the journal tells a copying from a rename, and keeps what is not ended",
                   Backend, CATALOG_BACKENDS) {
  OpenCatalog<Backend> catalog;
  const auto original = catalog.add_judged("/w/o", 1, 1);
  const auto file = catalog.add_judged("/w/f", 2, 1, FileRole::duplicate);
  const auto id = catalog.decide(file, original);
  auto copying = entry(id);
  copying.state = MoveState::copying;
  catalog->begin_move(copying);
  CHECK(catalog->quarantine_entry(id)->state == MoveState::copying);
  CHECK(catalog->quarantine_directories() ==
        std::vector<std::string>{copying.quarantine_directory});
  for (const MoveState state : {MoveState::copied, MoveState::restoring}) {
    catalog->set_move_state(id, state);
    CHECK_THROWS_AS(catalog->begin_move(entry(id)), store::StoreError);
    CHECK(catalog->quarantine_entry(id)->state == state);
  }
  catalog->set_move_state(id, MoveState::purged);
  CHECK(catalog->quarantine_directories().size() == 1);
}

TEST_CASE_TEMPLATE("a file found in quarantine is adopted with a decision of its id", Backend,
                   CATALOG_BACKENDS) {
  OpenCatalog<Backend> catalog;
  catalog.add_judged("/w/o", 1, 1);
  CHECK(catalog->adopt_quarantine_entry(entry(9)));
  CHECK_FALSE(catalog->adopt_quarantine_entry(entry(9)));
  const auto decision = catalog->decision(9);
  REQUIRE(decision);
  CHECK(decision->state == DecisionState::quarantined);
  CHECK(decision->action == Action::quarantine);
  CHECK(decision->path == entry(9).original_path);
  CHECK(decision->original_path == entry(9).keeper_path);
  CHECK(decision->content == digest(1));
  CHECK(catalog->quarantine_entry(9)->state == MoveState::quarantined);
  const auto file = catalog.add_judged("/w/a", 2, 1, FileRole::duplicate);
  CHECK(catalog.decide(file, 1) == 10);
  CHECK(ids_of(catalog->decisions_in_force({}, 0, 9).rows) == Ids{10, 9});
  CHECK(ids_of(catalog->decisions_by_group("", {}, 9).rows) == Ids{10, 9});
}

TEST_CASE_TEMPLATE("a file found in quarantine takes up its own decision, and no other", Backend,
                   CATALOG_BACKENDS) {
  OpenCatalog<Backend> catalog;
  const auto original = catalog.add_judged("/w/o", 1, 1);
  const auto file = catalog.add_judged(entry(1).original_path, 2, 1, FileRole::duplicate);
  const auto id = catalog.decide(file, original);
  auto found = entry(id);
  SUBCASE("it is about this file") {
    CHECK(catalog->adopt_quarantine_entry(found));
    CHECK(catalog->decision(id)->state == DecisionState::quarantined);
    CHECK(catalog->decision(id)->original_file_id == original);
    CHECK(catalog->quarantine_entry(id)->state == MoveState::quarantined);
    catalog->set_move_place(id, "/elsewhere", "q1-other");
    CHECK(catalog->quarantine_entry(id)->quarantine_directory == "/elsewhere");
    CHECK(catalog->quarantine_entry(id)->name == "q1-other");
    CHECK(catalog->quarantine_entry(id)->state == MoveState::quarantined);
    return;
  }
  SUBCASE("other bytes") { found.content = digest(9); }
  SUBCASE("another name") { found.original_path = "/w/other"; }
  CHECK_FALSE(catalog->adopt_quarantine_entry(found));
  CHECK(catalog->decision(id)->state == DecisionState::standing);
  CHECK_FALSE(catalog->quarantine_entry(id));
  found.id = catalog->reserve_decision_id();
  CHECK(found.id == id + 1);
  CHECK(catalog->adopt_quarantine_entry(found));
  CHECK(catalog->reserve_decision_id() == id + 2);
  const auto next = catalog.add_judged("/w/b", 3, 1, FileRole::duplicate);
  CHECK(catalog.decide(next, original) == id + 3);
}

TEST_CASE_TEMPLATE("quarantine is counted, and who is the last of its content", Backend,
                   CATALOG_BACKENDS) {
  OpenCatalog<Backend> catalog;
  const auto original = catalog.add_judged("/w/o", 1, 1);
  for (const store::DecisionId id : {5, 6, 7})
    REQUIRE(catalog->adopt_quarantine_entry(entry(id, id == 7 ? 2 : 1)));
  auto counts = catalog->count_quarantine();
  CHECK(counts.files == 3);
  CHECK(counts.bytes == 300);
  CHECK(counts.orphans == 1);
  CHECK(ids_of(catalog->quarantine_entries(MoveState::quarantined, 0, 2)) == Ids{5, 6});
  CHECK(ids_of(catalog->quarantine_entries(MoveState::quarantined, 6, 2)) == Ids{7});
  catalog->mark_pending(original, stamp(1, 9), 1, store::QueuePlace::last);
  CHECK(catalog->count_quarantine().orphans == 3);
  catalog->set_move_state(5, MoveState::purged);
  counts = catalog->count_quarantine();
  CHECK(counts.files == 2);
  CHECK(counts.orphans == 2);
}
