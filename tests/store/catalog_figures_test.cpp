// SPDX-License-Identifier: Apache-2.0
// The contract of the catalog: its figures are those that counting its rows would give.
#include <doctest/doctest.h>

#include <map>
#include <random>

#include "store/catalog_backends.h"

using namespace imgdedup;
using namespace imgdedup::testing;
using matching::DecisionState;
using matching::FileState;
using matching::Relation;
using store::FileRole;

namespace {

constexpr auto everything = std::numeric_limits<std::int32_t>::max();

store::FileCounts counted(store::Catalog& catalog, std::string_view directory) {
  store::FileCounts counts;
  for (const auto& file : catalog.files_below(directory, 0, everything).rows) {
    ++counts.by_state[static_cast<std::size_t>(file.state)];
    if (file.state == FileState::judged)
      counts.judged_bytes += static_cast<std::uint64_t>(file.stamp.size_bytes);
  }
  return counts;
}

void check_files(store::Catalog& catalog) {
  for (const auto* directory : {"", "/w", "/w/a", "/w/a/b", "/w/ab", "/x", "/nowhere"}) {
    CAPTURE(directory);
    const auto figures = catalog.count_files(directory);
    const auto truth = counted(catalog, directory);
    CHECK(figures.by_state == truth.by_state);
    CHECK(figures.judged_bytes == truth.judged_bytes);
  }
}

std::array<std::uint64_t, 4> decisions_in_force(store::Catalog& catalog) {
  std::array<std::uint64_t, 4> counts{};
  for (const auto& decision : catalog.decisions_in_force({}, 0, everything).rows)
    ++counts[static_cast<std::size_t>(decision.relation)];
  return counts;
}

}  // namespace

TEST_CASE_TEMPLATE("files are counted by directory and state through all their changes", Backend,
                   CATALOG_BACKENDS) {
  OpenCatalog<Backend> catalog;
  std::mt19937 random(7);
  const std::vector<std::string> directories{"/w", "/w/a", "/w/a/b", "/w/ab", "/x"};
  std::vector<store::FileId> files;
  std::uint64_t number = 0;
  const auto new_path = [&] {
    return directories[random() % directories.size()] + "/" + std::to_string(++number);
  };
  const auto new_stamp = [&] {
    auto result = stamp(++number);
    result.size_bytes = static_cast<std::int64_t>(random() % 1000);
    return result;
  };
  for (int step = 0; step < 600; ++step) {
    if (files.size() < 5 || random() % 4 == 0) {
      files.push_back(catalog->add_file(new_path(), new_stamp(), 1,
                                        random() % 5 ? FileState::pending : FileState::alias));
      continue;
    }
    store::FileId& file = files[random() % files.size()];
    switch (random() % 8) {
      case 0:
        catalog->move_file(file, new_path());
        break;
      case 1:
        catalog->set_stamp(file, new_stamp(), 1);
        break;
      case 2:
        catalog->mark_pending(file, new_stamp(), 1);
        break;
      case 3:
        catalog->set_judged(file, catalog->add_content(fingerprint(random() % 20)),
                            FileRole::original);
        break;
      case 4:
        catalog->set_refused(file, random() % 2 ? FileState::unreadable : FileState::incomplete,
                             {matching::RefusalReason::damaged, "cut"});
        break;
      case 5:
        catalog->set_alias(file);
        break;
      case 6:
        file = catalog->renew_file(file);
        break;
      default:
        catalog->remove_file(file);
        std::swap(file, files.back());
        files.pop_back();
    }
    if (step % 20 == 0) check_files(*catalog);
  }
  check_files(*catalog);
  catalog.reopen();
  check_files(*catalog);
}

TEST_CASE_TEMPLATE("a change that is undone is not counted", Backend, CATALOG_BACKENDS) {
  OpenCatalog<Backend> catalog;
  catalog.add_judged("/w/kept", 1, 1);
  {
    const auto transaction = catalog->begin();
    const auto gone = catalog.add_judged("/w/undone", 2, 2);
    catalog.decide(gone, catalog->file_at("/w/kept")->id);
  }
  CHECK(catalog->count_files("/w").of(FileState::judged) == 1);
  CHECK(catalog->count_contents() == 1);
  CHECK(catalog->count_decisions().in_force_by_relation == decisions_in_force(*catalog));
}

TEST_CASE_TEMPLATE("contents are counted as they come and vanish", Backend, CATALOG_BACKENDS) {
  OpenCatalog<Backend> catalog;
  const auto a = catalog.add_judged("/w/a", 1, 1);
  const auto b = catalog.add_judged("/w/b", 2, 1);
  const auto c = catalog.add_judged("/w/c", 3, 2);
  CHECK(catalog->count_contents() == 2);
  catalog->remove_file(a);
  CHECK(catalog->count_contents() == 2);
  catalog->remove_file(b);
  CHECK(catalog->count_contents() == 1);
  catalog->set_refused(c, FileState::unreadable, {matching::RefusalReason::crashed, ""});
  CHECK(catalog->count_contents() == 0);
  CHECK(catalog->count_poison() == 1);
}

TEST_CASE_TEMPLATE("decisions are counted while they are in force", Backend, CATALOG_BACKENDS) {
  OpenCatalog<Backend> catalog;
  const auto original = catalog.add_judged("/w/original", 1, 1);
  const auto check = [&] {
    CHECK(catalog->count_decisions().in_force_by_relation == decisions_in_force(*catalog));
  };
  check();
  std::vector<store::DecisionId> decisions;
  for (std::uint64_t i = 2; i < 8; ++i) {
    const auto file = catalog.add_judged("/w/" + std::to_string(i), i, i, FileRole::duplicate);
    decisions.push_back(catalog.decide(file, original, i % 2 ? Relation::exact : Relation::near));
    check();
  }
  CHECK(catalog->count_decisions().in_force_by_relation[0] == 3);
  for (const auto state :
       {DecisionState::quarantined, DecisionState::superseded, DecisionState::quarantined}) {
    catalog->set_decision_state(decisions[1], state);
    catalog->set_decision_state(decisions[2], state);
    check();
  }
}
