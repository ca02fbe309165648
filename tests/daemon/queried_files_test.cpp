// SPDX-License-Identifier: Apache-2.0
// How many files clients may ask about at the same time.
#include "daemon/queried_files.h"

#include <doctest/doctest.h>

using namespace imgdedup;
using daemon::Asker;
using daemon::QueriedFiles;

namespace {

constexpr Asker anna{1000, false, 1};
constexpr Asker ben{1001, false, 2};
constexpr Asker carl{1002, false, 3};
constexpr Asker root{0, true, 4};

}  // namespace

TEST_CASE(
    "each user has a bound of queried files, all have one, and the privileged have the rest") {
  QueriedFiles files({.files = 10, .files_per_uid = 4, .reserved_files = 3});
  auto first = files.take(anna, 3);
  REQUIRE(first);
  CHECK_FALSE(files.take(anna, 2));
  const auto second = files.take(anna, 1);
  REQUIRE(second);
  CHECK_FALSE(files.take(anna, 1));
  const auto bens = files.take(ben, 3);
  REQUIRE(bens);
  CHECK_FALSE(files.take(carl, 1));
  auto roots = files.take(root, 3);
  REQUIRE(roots);
  CHECK_FALSE(files.take(root, 1));
  roots.reset();
  first.reset();
  CHECK_FALSE(files.take(anna, 4));
  CHECK(files.take(anna, 3));
}

TEST_CASE("what counts queried files may go before those who hold some") {
  std::optional<QueriedFiles::Hold> hold;
  {
    QueriedFiles files;
    hold = std::nullopt;
    auto taken = files.take(anna, 128);
    REQUIRE(taken);
    CHECK_FALSE(files.take(anna, 1));
    hold.emplace(std::move(*taken));
  }
  hold.reset();
}

TEST_CASE("the jobs of a question stand aside, and are known by connection and user") {
  const worker::JobTurn turn = anna.turn();
  CHECK(turn.priority == worker::JobPriority::aside);
  CHECK(turn.asker == 1000);
  CHECK(turn.errand == 1);
}
