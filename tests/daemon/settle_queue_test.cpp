// SPDX-License-Identifier: Apache-2.0
// When a file counts as quiet. Time is given.
#include "daemon/settle_queue.h"

#include <doctest/doctest.h>

#include <limits>

using namespace imgdedup;
using namespace std::chrono_literals;
using daemon::RestlessFile;
using daemon::SettleQueue;
using daemon::SteadyTime;

namespace {

constexpr std::int64_t second = 1'000'000'000;
constexpr std::int64_t wall = 1000 * second;

matching::FileStamp changed_at(std::int64_t mtime_ns, std::int64_t ctime_ns) {
  return {1, 2, 3, mtime_ns, ctime_ns};
}

daemon::WaitingFile file(std::int64_t id, std::int64_t changed_ns = wall) {
  return {id * 10, id, "/w/" + std::to_string(id), changed_at(changed_ns, changed_ns)};
}

std::vector<std::int64_t> taken(SettleQueue& queue, SteadyTime now, std::size_t limit = 100) {
  std::vector<std::int64_t> ids;
  for (const auto& waiting : queue.take_due(now, limit)) ids.push_back(waiting.file_id);
  return ids;
}

using Ids = std::vector<std::int64_t>;
const SteadyTime start = SteadyTime() + std::chrono::hours(1);

}  // namespace

TEST_CASE("a file that has just changed is due after the settle time") {
  SettleQueue queue(500ms, 2s, 10);
  queue.add(file(1), start, wall);
  CHECK(queue.next_due() == start + 500ms);
  CHECK(taken(queue, start + 499ms).empty());
  CHECK(taken(queue, start + 500ms) == Ids{1});
  CHECK(queue.contains(1));
  CHECK_FALSE(queue.next_due());
  CHECK(taken(queue, start + 10s).empty());
  queue.remove(1);
  CHECK_FALSE(queue.contains(1));
  CHECK(queue.size() == 0);
}

TEST_CASE("a file that was quiet before it was seen waits that much less") {
  SettleQueue queue(500ms, 2s, 10);
  queue.add(file(1, wall - second), start, wall);
  queue.add(file(2, wall - second / 5), start, wall);
  CHECK(taken(queue, start) == Ids{1});
  CHECK(queue.next_due() == start + 300ms);
}

TEST_CASE("the later of the two times counts, and one in the future says nothing") {
  SettleQueue queue(500ms, 2s, 10);
  daemon::WaitingFile copied = file(1);
  copied.stamp = changed_at(second, wall);  // cp -p
  queue.add(copied, start, wall);
  queue.add(file(2, wall + 100 * second), start, wall);
  copied = file(3);
  copied.stamp = changed_at(std::numeric_limits<std::int64_t>::max(), wall);
  queue.add(copied, start, wall);
  copied = file(4);
  copied.stamp = changed_at(std::numeric_limits<std::int64_t>::min(), wall);
  queue.add(copied, start, wall);
  copied = file(5);
  copied.stamp = changed_at(std::numeric_limits<std::int64_t>::min(),
                            std::numeric_limits<std::int64_t>::min());
  queue.add(copied, start, wall);
  CHECK(taken(queue, start) == Ids{5});
  CHECK(taken(queue, start + 500ms) == Ids{1, 2, 3, 4});
}

TEST_CASE("those that are due come in their order, as many as wanted") {
  SettleQueue queue(500ms, 2s, 10);
  for (const std::int64_t id : {3, 1, 2}) queue.add(file(id), start, wall);
  CHECK(taken(queue, start + 1s, 2) == Ids{1, 2});
  CHECK(taken(queue, start + 1s, 2) == Ids{3});
}

TEST_CASE("a change begins the quiet anew") {
  SettleQueue queue(500ms, 2s, 10);
  queue.add(file(1), start, wall);
  REQUIRE(taken(queue, start + 500ms) == Ids{1});
  CHECK(queue.changed(1, changed_at(7, 7), start + 500ms) == RestlessFile::stays);
  CHECK(taken(queue, start + 999ms).empty());
  const auto due = queue.take_due(start + 1000ms, 1);
  REQUIRE(due.size() == 1);
  CHECK(due[0].stamp == changed_at(7, 7));
  CHECK(queue.changed(99, changed_at(7, 7), start) == RestlessFile::stays);
}

TEST_CASE("a file that is there already keeps its time") {
  SettleQueue queue(500ms, 2s, 10);
  queue.add(file(1), start, wall);
  queue.add(file(1), start + 400ms, wall);
  CHECK(taken(queue, start + 500ms) == Ids{1});
  queue.add(file(1), start + 600ms, wall);
  CHECK_FALSE(queue.next_due());
}

TEST_CASE("a file that is written is looked at ever more rarely, up to two seconds") {
  SettleQueue queue(500ms, 2s, 10);
  queue.add(file(1, 0), start, wall);
  SteadyTime now = start;
  std::vector<std::chrono::milliseconds> pauses;
  for (int i = 0; i < 8; ++i) {
    REQUIRE(taken(queue, now) == Ids{1});
    CHECK(queue.still_written(1, now) == RestlessFile::stays);
    const SteadyTime next = *queue.next_due();
    pauses.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(next - now));
    now = next;
  }
  CHECK(pauses ==
        std::vector<std::chrono::milliseconds>{100ms, 200ms, 400ms, 800ms, 1600ms, 2s, 2s, 2s});
  REQUIRE(taken(queue, now) == Ids{1});
  CHECK(queue.changed(1, changed_at(8, 8), now) == RestlessFile::stays);
  REQUIRE(taken(queue, now + 500ms) == Ids{1});
  CHECK(queue.still_written(1, now) == RestlessFile::stays);
  CHECK(queue.next_due() == now + 100ms);
}

TEST_CASE("without a lease a file must be quiet for longer") {
  SettleQueue queue(500ms, 2s, 10);
  queue.add(file(1), start, wall);
  REQUIRE(taken(queue, start + 500ms) == Ids{1});
  CHECK_FALSE(queue.quiet_for_long(1, start + 500ms, wall + second / 2));
  CHECK(queue.next_due() == start + 2s);
  REQUIRE(taken(queue, start + 2s) == Ids{1});
  CHECK(queue.quiet_for_long(1, start + 2s, wall + 2 * second));

  queue.add(file(2, wall - 3 * second), start, wall);
  REQUIRE(taken(queue, start) == Ids{2});
  CHECK(queue.quiet_for_long(2, start, wall));
  CHECK_FALSE(queue.quiet_for_long(99, start, wall));
}

TEST_CASE("times in whole seconds are told from others") {
  CHECK(daemon::has_whole_seconds(changed_at(wall, wall - second)));
  CHECK_FALSE(daemon::has_whole_seconds(changed_at(wall, wall + 1)));
  CHECK_FALSE(daemon::has_whole_seconds(changed_at(wall + second / 250, wall)));
}

TEST_CASE("a long settle time is kept without a lease as well") {
  SettleQueue queue(10s, 2s, 10);
  queue.add(file(1), start, wall);
  REQUIRE(taken(queue, start + 10s) == Ids{1});
  CHECK(queue.quiet_for_long(1, start + 10s, wall + 10 * second));
  CHECK(queue.changed(1, changed_at(wall + 10 * second, 0), start + 10s) == RestlessFile::stays);
  CHECK_FALSE(queue.quiet_for_long(1, start + 13s, wall + 13 * second));
  CHECK(queue.next_due() == start + 20s);
}

TEST_CASE("the queue says when it is full, and empties") {
  SettleQueue queue(500ms, 2s, 2);
  queue.add(file(1), start, wall);
  CHECK(queue.has_room());
  queue.add(file(2), start, wall);
  CHECK_FALSE(queue.has_room());
  REQUIRE(taken(queue, start + 1s, 1) == Ids{1});
  CHECK_FALSE(queue.has_room());
  queue.put_back(1, start + 1s);
  CHECK(taken(queue, start + 1s) == Ids{1, 2});
  queue.remove(2);
  queue.remove(2);
  CHECK(queue.has_room());
  queue.clear();
  CHECK(queue.size() == 0);
  CHECK_FALSE(queue.next_due());
}

TEST_CASE("restless files leave a full queue until they hold half of it") {
  constexpr std::size_t capacity = 8;
  SettleQueue queue(500ms, 2s, capacity);
  SteadyTime now = start;
  for (std::int64_t id = 1; id <= 7; ++id) queue.add(file(id), now, wall);
  now += 500ms;
  for (const std::int64_t id : taken(queue, now)) {
    CAPTURE(id);
    // There is room: nobody is kept out.
    const auto fate = id % 2 == 0 ? queue.still_written(id, now)
                                  : queue.changed(id, changed_at(wall + id, wall), now);
    CHECK(fate == RestlessFile::stays);
  }
  queue.add(file(8), now, wall);
  REQUIRE_FALSE(queue.has_room());
  now += 500ms;
  std::size_t left = 0;
  std::size_t stayed = 0;
  for (const std::int64_t id : taken(queue, now)) {
    if (id == 8) {
      queue.put_back(id, now);
      continue;
    }
    const auto fate = queue.changed(id, changed_at(wall + 10 + id, wall), now);
    CHECK(queue.contains(id) == (fate == RestlessFile::stays));
    ++(fate == RestlessFile::leaves ? left : stayed);
    // Whoever waits takes the place.
    if (fate == RestlessFile::leaves) queue.add(file(100 + id), now, wall);
  }
  CHECK(left == 3);
  CHECK(stayed == capacity / 2);
}

TEST_CASE("restless files leave at a bounded pace") {
  constexpr std::size_t capacity = 8;
  SettleQueue queue(500ms, 2s, capacity);
  std::int64_t next_id = 0;
  std::size_t left = 0;
  const auto turn_over = [&](SteadyTime now) {
    while (queue.has_room()) queue.add(file(++next_id, 0), now, wall);
    for (const std::int64_t id : taken(queue, now))
      if (queue.still_written(id, now) == RestlessFile::leaves) ++left;
  };
  for (int i = 0; i < 9; ++i) turn_over(start + i * 100ms);
  CHECK(left == capacity / 2);
  for (int i = 10; i < 19; ++i) turn_over(start + i * 100ms);
  CHECK(left == capacity);
}
