// SPDX-License-Identifier: Apache-2.0
#include "daemon/measured_in_order.h"

#include <doctest/doctest.h>

using namespace imgdedup::daemon;
using std::chrono::milliseconds;

namespace {

MeasuredFile file(std::int64_t id) {
  MeasuredFile measured;
  measured.file_id = id;
  return measured;
}

}  // namespace

TEST_CASE("what was measured first waits for an older file that is still being measured") {
  MeasuredInOrder order;
  const SteadyTime now{};
  order.begin(1);
  order.begin(2);
  order.end(2);
  order.add(2, file(20), now);
  CHECK(!order.take_next(now));
  CHECK(order.holds(20));
  order.end(1);
  order.add(1, file(10), now);
  CHECK(order.take_next(now)->file_id == 10);
  CHECK(order.take_next(now)->file_id == 20);
  CHECK(!order.take_next(now));
}

TEST_CASE("a file that takes long does not hold up the younger ones for more than a moment") {
  MeasuredInOrder order;
  const SteadyTime now{};
  order.begin(1);
  order.begin(2);
  order.end(2);
  order.add(2, file(20), now);
  REQUIRE(order.next_time());
  CHECK(!order.take_next(*order.next_time() - milliseconds(1)));
  CHECK(order.take_next(*order.next_time())->file_id == 20);
}

TEST_CASE("a file that was refused holds up nothing") {
  MeasuredInOrder order;
  const SteadyTime now{};
  order.begin(1);
  order.begin(2);
  order.end(2);
  order.add(2, file(20), now);
  order.end(1);
  CHECK(order.take_next(now)->file_id == 20);
}
