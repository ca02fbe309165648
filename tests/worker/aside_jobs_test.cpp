// SPDX-License-Identifier: Apache-2.0
// Jobs that stand aside: what they leave to the others, to each other, and how they are dropped.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <iterator>

#include "worker/aside_line.h"
#include "worker/job_queue.h"
#include "worker/pool_fixture.h"

using namespace imgdedup;
using namespace imgdedup::worker;
using namespace std::chrono_literals;
using imgdedup::testing::fake_settings;
using imgdedup::testing::PoolDriver;

namespace {

JobTurn aside(std::uint64_t asker, std::uint64_t errand = 0) {
  return {JobPriority::aside, asker, errand};
}

std::size_t place_of(const PoolDriver& driver, const std::string& name) {
  const auto place = std::find(driver.order.begin(), driver.order.end(), name);
  REQUIRE(place != driver.order.end());
  return static_cast<std::size_t>(place - driver.order.begin());
}

AsideLine::Entry job(std::uint64_t asker, std::uint64_t errand = 0) {
  auto entry = std::make_unique<PendingJob>();
  entry->turn = aside(asker, errand);
  return entry;
}

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator listing("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(listing), end(listing)));
}

}  // namespace

TEST_CASE("jobs that stand aside take no place from the others") {
  PoolDriver driver(fake_settings(1));
  for (int i = 0; i < 20; ++i)
    driver.submit("aside" + std::to_string(i), "sleep-milliseconds 20", aside(1));
  CHECK(driver.pool.free_slots() == 2);
  REQUIRE(driver.run_until([&] { return driver.pool.counts().running_jobs > 0; }));
  CHECK(driver.pool.free_slots() == 2);
  CHECK(driver.pool.counts().aside_jobs == 20);
  driver.submit("other", "good");
  CHECK(driver.pool.free_slots() == 1);
  REQUIRE(driver.run_until_answered(21));
  CHECK(driver.pool.counts().aside_jobs == 0);
}

TEST_CASE("while others wait, jobs that stand aside have half of one worker's time") {
  PoolDriver driver(fake_settings(1));
  for (int i = 0; i < 10; ++i)
    driver.submit("aside" + std::to_string(i), "sleep-milliseconds 200", aside(1));
  for (int i = 0; i < 30; ++i) driver.submit("other" + std::to_string(i), "sleep-milliseconds 40");
  REQUIRE(driver.run_until_answered(40));
  // 30 of 40 ms are 1.2 s of work: seven jobs aside of 0.2 s may have come before its end.
  CHECK(place_of(driver, "other29") < 30 + 8);
  CHECK(place_of(driver, "other0") <= 1);
  // And they are not put off until nobody else waits.
  CHECK(place_of(driver, "aside2") < place_of(driver, "other29"));
}

TEST_CASE("a file that asks for one thing after the other does not wait between them") {
  PoolDriver driver(fake_settings(1));
  for (int i = 0; i < 5; ++i)
    driver.submit("aside" + std::to_string(i), "sleep-milliseconds 300", aside(1));
  REQUIRE(driver.run_until_answered(1));
  // One other job at a time, each after the answer to the one before.
  for (int i = 0; i < 3; ++i) {
    const std::string name = "step" + std::to_string(i);
    driver.submit(name, "good");
    REQUIRE(driver.run_until([&] { return driver.answers.contains(name); }));
  }
  CHECK(place_of(driver, "step2") <= 4);
  REQUIRE(driver.run_until_answered(8));
}

TEST_CASE("where there are several workers one has no job aside") {
  auto settings = fake_settings(3);
  settings.job_time = 60s;
  PoolDriver driver(settings);
  for (int i = 0; i < 6; ++i) driver.submit("aside" + std::to_string(i), "hang", aside(1));
  REQUIRE(driver.run_until([&] { return driver.pool.counts().running_jobs == 2; }));
  for (int i = 0; i < 20; ++i) driver.submit("other" + std::to_string(i), "good");
  REQUIRE(driver.run_until_answered(20));
  CHECK(driver.pool.counts().running_jobs == 2);
}

TEST_CASE("who asks for little is not kept waiting by who asks for much") {
  PoolDriver driver(fake_settings(1));
  for (int i = 0; i < 20; ++i)
    driver.submit("much" + std::to_string(i), "sleep-milliseconds 30", aside(1));
  for (int i = 0; i < 3; ++i)
    driver.submit("little" + std::to_string(i), "sleep-milliseconds 30", aside(2));
  REQUIRE(driver.run_until_answered(23));
  CHECK(place_of(driver, "little2") < 10);
}

TEST_CASE("a job that stands aside and fails is tried twice and answered") {
  auto settings = fake_settings(2);
  PoolDriver driver(settings);
  driver.submit("crash", "crash", aside(1));
  driver.submit("crash-once", "crash-once " + (driver.directory / "marker").string(), aside(2));
  for (int i = 0; i < 50; ++i) driver.submit("other" + std::to_string(i), "good");
  REQUIRE(driver.run_until_answered(52));
  CHECK(driver.refusal("crash").reason == matching::RefusalReason::crashed);
  CHECK(driver.is_good("crash-once"));
}

TEST_CASE("dropped jobs are not run, not tried again and not answered") {
  auto settings = fake_settings(1);
  settings.job_time = 500ms;
  PoolDriver driver(settings);
  const std::size_t before = open_descriptors();
  driver.submit("runs", "hang", aside(1, 7));
  REQUIRE(driver.run_until([&] { return driver.pool.counts().running_jobs == 1; }));
  for (int i = 0; i < 20; ++i) driver.submit("waits" + std::to_string(i), "hang", aside(1, 7));
  driver.submit("stays", "good", aside(1, 8));
  driver.pool.drop(7);
  CHECK(driver.pool.counts().waiting_jobs == 1);
  REQUIRE(driver.run_until_answered(1));
  CHECK(driver.is_good("stays"));
  CHECK(driver.order.size() == 1);
  // Only the first that hung cost a worker, once.
  CHECK(driver.pool.counts().replaced_workers == 1);
  CHECK(driver.pool.counts().aside_jobs == 0);
  CHECK(open_descriptors() <= before + 3);
  driver.pool.drop(0);
}

TEST_CASE("a callback learns how long workers had its job") {
  PoolDriver driver(fake_settings(1));
  testing::write_file(driver.directory / "file", "sleep-milliseconds 120\n");
  std::chrono::milliseconds time{0};
  std::vector<posix::UniqueDescriptor> files;
  files.push_back(testing::open_for_reading(driver.directory / "file"));
  driver.pool.submit({}, std::move(files),
                     [&](const Answer&) { time = driver.pool.time_of_answered_job(); });
  REQUIRE(driver.run_until([&] { return time.count() > 0; }));
  CHECK(time >= 120ms);
}

TEST_CASE("a line takes from whoever had the least, and who comes anew has no claim to the past") {
  AsideLine line;
  for (int i = 0; i < 3; ++i) line.push(job(1));
  for (int i = 0; i < 3; ++i) {
    CHECK(line.take()->turn.asker == 1);
    line.charge(1, 100ms);
  }
  CHECK(line.take() == nullptr);
  for (int i = 0; i < 3; ++i) line.push(job(1));
  for (int i = 0; i < 9; ++i) line.push(job(2));
  std::vector<std::uint64_t> askers;
  while (auto next = line.take()) {
    askers.push_back(next->turn.asker);
    line.charge(next->turn.asker, 100ms);
  }
  REQUIRE(askers.size() == 12);
  CHECK(std::count(askers.begin(), askers.begin() + 5, 1) >= 2);
  CHECK(std::count(askers.begin(), askers.begin() + 5, 2) >= 2);
  line.push(job(1, 5));
  line.push(job(1, 6));
  line.push(job(2, 5));
  line.drop(5);
  REQUIRE(line.size() == 1);
  CHECK(line.take()->turn.errand == 6);
}
