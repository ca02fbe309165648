// SPDX-License-Identifier: Apache-2.0
// Jobs that take much memory: together never more than there is for all, each in its turn.
#include "worker/memory_budget.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

#include "pool_fixture.h"

using namespace imgdedup;
using namespace imgdedup::worker;
using matching::RefusalReason;
using testing::fake_settings;
using testing::PoolDriver;

namespace {

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;

/// What the fake worker's "need" wrote down.
struct Course {
  int most_mebibytes = 0;  ///< at once
  int most_jobs = 0;       ///< at once
  int ended = 0;
};

Course course_of(const std::string& log) {
  Course course;
  int mebibytes = 0, jobs = 0;
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    const int change = std::stoi(line);
    mebibytes += change;
    jobs += change > 0 ? 1 : -1;
    course.ended += change < 0;
    course.most_mebibytes = std::max(course.most_mebibytes, mebibytes);
    course.most_jobs = std::max(course.most_jobs, jobs);
  }
  CHECK(jobs == 0);
  return course;
}

void submit_need(PoolDriver& driver, const std::string& name, int mebibytes) {
  driver.submit(name,
                "need " + std::to_string(mebibytes) + " " + (driver.directory / "log").string());
}

Course course(const PoolDriver& driver) {
  return course_of(testing::read_file(driver.directory / "log"));
}

}  // namespace

TEST_CASE("every worker has room for a light job, however many there are") {
  for (const unsigned workers : {1U, 2U, 8U, 11U, 12U, 64U}) {
    const MemoryBudget budget(workers, std::uint64_t{2} << 30);
    CHECK(budget.has_room(workers, (workers - 1) * light_job_bytes, light_job_bytes));
    CHECK(budget.has_room(1, 0, budget.most_for_one_job()));
    CHECK(!budget.has_room(1, 0, budget.most_for_one_job() + 1));
    CHECK(!budget.has_room(2, 0, budget.most_for_one_job()));
  }
}

TEST_CASE("the largest file of the default limits fits, and more where workers may take more") {
  const MemoryBudget budget(8, std::uint64_t{2} << 30);
  CHECK(budget.most_for_one_job() == 1056 * mebibyte);
  CHECK(MemoryBudget(8, std::uint64_t{1} << 30).most_for_one_job() == budget.most_for_one_job());
  CHECK(MemoryBudget(8, std::uint64_t{8} << 30).most_for_one_job() > 4096 * mebibyte);
}

TEST_CASE("jobs that take much memory run together as far as there is room") {
  for (const unsigned workers : {2U, 8U}) {
    PoolDriver driver(fake_settings(workers));
    for (int i = 0; i < 12; ++i) submit_need(driver, "large" + std::to_string(i), 450);
    for (int i = 0; i < 40; ++i) submit_need(driver, "small" + std::to_string(i), 10);
    REQUIRE(driver.run_until_answered(52));
    for (const auto& [name, answer] : driver.answers) CHECK(driver.is_good(name));
    const Course seen = course(driver);
    CHECK(seen.ended == 52);
    CHECK(seen.most_mebibytes <= 1088);
    CHECK(seen.most_mebibytes >= 900);
    CHECK(driver.pool.counts().replaced_workers == 0);
  }
}

TEST_CASE("a job that needs all the memory runs alone, though small ones come and come") {
  PoolDriver driver(fake_settings(8));
  for (int i = 0; i < 16; ++i) submit_need(driver, "before" + std::to_string(i), 10);
  submit_need(driver, "largest", 1056);
  int submitted = 0;
  const auto keep_busy = [&] {
    if (driver.answers.contains("largest")) return true;
    for (; driver.pool.counts().waiting_jobs < 8; ++submitted)
      submit_need(driver, "after" + std::to_string(submitted), 10);
    return false;
  };
  REQUIRE(driver.run_until(keep_busy));
  CHECK(driver.is_good("largest"));
  REQUIRE(driver.run_until_answered(17 + static_cast<std::size_t>(submitted)));
  const Course seen = course(driver);
  CHECK(seen.most_mebibytes == 1056);
  CHECK(seen.most_jobs > 1);
}

TEST_CASE("a job that needs more memory than there is for all is refused, and says how much") {
  PoolDriver driver(fake_settings(2));
  submit_need(driver, "too large", 1057);
  submit_need(driver, "small", 10);
  REQUIRE(driver.run_until_answered(2));
  CHECK(driver.refusal("too large").reason == RefusalReason::over_limit);
  CHECK(driver.refusal("too large").message.find("1057 MiB") != std::string::npos);
  CHECK(driver.is_good("small"));
  CHECK(driver.pool.counts().replaced_workers == 0);
}

TEST_CASE("a worker that asks for ever more memory, or for what it has, answers nonsense") {
  PoolDriver driver(fake_settings(2));
  driver.submit("more", "need-more");
  driver.submit("less", "need-less");
  submit_need(driver, "good", 500);
  REQUIRE(driver.run_until_answered(3));
  CHECK(driver.refusal("more").reason == RefusalReason::crashed);
  CHECK(driver.refusal("less").reason == RefusalReason::crashed);
  CHECK(driver.is_good("good"));
}

TEST_CASE("a second try has its turn among jobs that take much memory") {
  PoolDriver driver(fake_settings(4));
  const std::string marker = (driver.directory / "marker").string();
  for (int i = 0; i < 4; ++i) submit_need(driver, "large" + std::to_string(i), 800);
  driver.submit("crash", "crash-once " + marker);
  REQUIRE(driver.run_until_answered(5));
  for (const auto& [name, answer] : driver.answers) CHECK(driver.is_good(name));
  CHECK(course(driver).most_mebibytes == 800);
}

TEST_CASE("without sharing every job takes what it takes") {
  auto settings = fake_settings(4);
  settings.memory = MemorySharing::unbounded;
  PoolDriver driver(settings);
  for (int i = 0; i < 4; ++i) submit_need(driver, std::to_string(i), 5000);
  REQUIRE(driver.run_until_answered(4));
  for (const auto& [name, answer] : driver.answers) CHECK(driver.is_good(name));
}
