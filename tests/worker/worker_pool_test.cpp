// SPDX-License-Identifier: Apache-2.0
#include "worker/worker_pool.h"

#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "worker/pool_fixture.h"

using namespace imgdedup;
using namespace imgdedup::worker;
using namespace std::chrono_literals;
using imgdedup::testing::fake_settings;
using imgdedup::testing::PoolDriver;
using matching::RefusalReason;

namespace {

std::size_t open_descriptors() {
  const std::filesystem::directory_iterator listing("/proc/self/fd");
  return static_cast<std::size_t>(std::distance(begin(listing), end(listing)));
}

/// Processes, zombies included, whose parent is this one.
std::vector<pid_t> children() {
  std::ifstream file("/proc/thread-self/children");
  return {std::istream_iterator<pid_t>(file), {}};
}

}  // namespace

TEST_CASE("every kind of job is answered") {
  PoolDriver driver(fake_settings(2));
  driver.submit("digest", "good", JobPriority::ordinary, JobKind::digest);
  driver.submit("fingerprint", "good", JobPriority::ordinary, JobKind::fingerprint);
  driver.submit("compare", "good", JobPriority::ordinary, JobKind::compare);
  REQUIRE(driver.run_until_answered(3));
  const auto answer_of = [&](const char* name) { return driver.answers.find(name)->second; };
  CHECK(std::get<DigestAnswer>(answer_of("digest")).size_bytes == 5);
  CHECK(std::get<matching::Measurement>(answer_of("fingerprint")).fingerprint.width_pixels == 640);
  CHECK(std::holds_alternative<matching::Comparison>(answer_of("compare")));
  CHECK(driver.pool.counts().finished_jobs == 3);
  CHECK(driver.pool.counts().replaced_workers == 0);
}

TEST_CASE("a thousand good files among a hundred that crash are all answered") {
  PoolDriver driver(fake_settings(2));
  for (int i = 0; i < 1100; ++i)
    driver.submit(std::to_string(i), i % 11 == 5 ? "crash" : "good " + std::to_string(i));
  REQUIRE(driver.run_until_answered(1100));
  CHECK(driver.order.size() == 1100);
  for (int i = 0; i < 1100; ++i) {
    const auto name = std::to_string(i);
    CAPTURE(name);
    REQUIRE(driver.answers.count(name) == 1);
    REQUIRE(driver.is_good(name) == (i % 11 != 5));
  }
  CHECK(driver.refusal("5").reason == RefusalReason::crashed);
  CHECK(driver.refusal("5").message == "the worker was killed by signal 11 (SIGSEGV), twice");
  CHECK(driver.pool.counts().replaced_workers == 200);
}

TEST_CASE("a file that crashes its worker once is answered by a fresh one") {
  PoolDriver driver(fake_settings(1));
  driver.submit("unlucky", "crash-once " + (driver.directory / "marker").string());
  for (int i = 0; i < 5; ++i) driver.submit(std::to_string(i), "good");
  REQUIRE(driver.run_until_answered(6));
  CHECK(driver.is_good("unlucky"));
  CHECK(driver.pool.counts().replaced_workers == 1);
}

TEST_CASE("a file that hangs is given up after two deadlines while the others proceed") {
  auto settings = fake_settings(2);
  settings.job_time = 1500ms;
  PoolDriver driver(settings);
  const auto began = std::chrono::steady_clock::now();
  driver.submit("hang", "hang");
  for (int i = 0; i < 200; ++i) driver.submit(std::to_string(i), "good");
  REQUIRE(driver.run_until_answered(200));
  CHECK(!driver.answers.contains("hang"));
  REQUIRE(driver.run_until_answered(201));
  const auto took = std::chrono::steady_clock::now() - began;
  CHECK(took >= 3s);
  CHECK(driver.refusal("hang").reason == RefusalReason::timed_out);
  CHECK(driver.refusal("hang").message == "the worker took longer than 1.5 s, twice");
}

TEST_CASE("a job that was sent behind one that hangs does not wait for its deadline") {
  auto settings = fake_settings(1);
  settings.worker_count = 2;
  settings.job_time = 60s;
  PoolDriver driver(settings);
  driver.submit("hang", "hang");
  driver.submit("slow", "sleep-milliseconds 300");
  for (int i = 0; i < 4; ++i) driver.submit(std::to_string(i), "good");
  CHECK(driver.run_until([&] { return driver.answers.size() == 5; }, 10s));
  CHECK(!driver.answers.contains("hang"));
}

TEST_CASE("the deadline runs from when a job becomes its worker's first") {
  auto settings = fake_settings(1);
  settings.job_time = 900ms;
  PoolDriver driver(settings);
  for (int i = 0; i < 4; ++i) driver.submit(std::to_string(i), "sleep-milliseconds 500");
  REQUIRE(driver.run_until_answered(4));
  for (int i = 0; i < 4; ++i) CHECK(driver.is_good(std::to_string(i)));
}

TEST_CASE("nonsense gets a worker replaced and its file refused after the second try") {
  for (const char* nonsense :
       {"garbage", "wrong-id", "wrong-kind", "oversized", "with-descriptor"}) {
    CAPTURE(nonsense);
    PoolDriver driver(fake_settings(1));
    driver.submit("liar", nonsense);
    for (int i = 0; i < 3; ++i) driver.submit(std::to_string(i), "good");
    REQUIRE(driver.run_until_answered(4));
    CHECK(driver.refusal("liar").reason == RefusalReason::crashed);
    CHECK(driver.refusal("liar").message.find("nonsense") != std::string::npos);
    CHECK(driver.pool.counts().replaced_workers == 2);
    for (int i = 0; i < 3; ++i) CHECK(driver.is_good(std::to_string(i)));
  }
}

TEST_CASE("a second answer to one job gets the worker replaced and nobody a wrong answer") {
  PoolDriver driver(fake_settings(1));
  driver.submit("twice", "answer-twice");
  for (int i = 0; i < 5; ++i) driver.submit(std::to_string(i), "good");
  REQUIRE(driver.run_until_answered(6));
  CHECK(driver.is_good("twice"));
  for (int i = 0; i < 5; ++i) {
    REQUIRE(driver.is_good(std::to_string(i)));
    const auto& answer = driver.answers.find(std::to_string(i))->second;
    // "good\n", not "answer-twice\n".
    CHECK(std::get<matching::Measurement>(answer).fingerprint.size_bytes == 5);
  }
  REQUIRE(driver.run_until([&] { return driver.pool.counts().replaced_workers == 1; }));
}

TEST_CASE("a worker that exits or closes its channel is replaced, and says how it ended") {
  PoolDriver driver(fake_settings(2));
  driver.submit("exit", "exit");
  driver.submit("close", "close-and-hang");
  REQUIRE(driver.run_until_answered(2));
  CHECK(driver.refusal("exit").message == "the worker ended with status 3, twice");
  CHECK(driver.refusal("close").message == "the worker closed its channel, twice");
}

TEST_CASE("the last line a crashing worker wrote is in the refusal") {
  PoolDriver driver(fake_settings(1));
  driver.submit("says", "say-and-crash corrupt \x1b[2J table");
  REQUIRE(driver.run_until_answered(1));
  CHECK(driver.refusal("says").message ==
        "the worker was killed by signal 6 (SIGABRT), twice; it last said: corrupt ?[2J table");
}

TEST_CASE("a worker that floods its standard error is not held up by it") {
  PoolDriver driver(fake_settings(1));
  driver.submit("flood", "complain-and-crash");
  REQUIRE(driver.run_until_answered(1));
  CHECK(driver.refusal("flood").message.find("warning") != std::string::npos);
  CHECK(driver.refusal("flood").message.size() < 400);
}

TEST_CASE("a refusal of the worker is handed on as it is, but printable") {
  PoolDriver driver(fake_settings(1));
  driver.submit("bad", "refuse");
  REQUIRE(driver.run_until_answered(1));
  CHECK(driver.refusal("bad") == matching::Refusal{RefusalReason::damaged, "bad?[31m data"});
  CHECK(driver.pool.counts().replaced_workers == 0);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_CASE("a file that needs more than the worker's memory is refused, and others are not") {
  auto settings = fake_settings(1);
  settings.memory_bytes = std::uint64_t{512} << 20;
  PoolDriver driver(settings);
  driver.submit("big", "allocate");
  for (int i = 0; i < 3; ++i) driver.submit(std::to_string(i), "good");
  REQUIRE(driver.run_until_answered(4));
  CHECK(driver.refusal("big").reason == RefusalReason::out_of_memory);
  for (int i = 0; i < 3; ++i) CHECK(driver.is_good(std::to_string(i)));
  CHECK(driver.pool.counts().replaced_workers == 2);
}
#endif

TEST_CASE("urgent jobs go before ordinary ones that have not been sent") {
  PoolDriver driver(fake_settings(1));
  driver.submit("first", "sleep-milliseconds 200");
  driver.submit("second", "good");
  REQUIRE(driver.run_until([&] { return driver.pool.counts().running_jobs == 2; }));
  for (int i = 0; i < 20; ++i) driver.submit(std::to_string(i), "good");
  driver.submit("urgent", "good", JobPriority::urgent);
  REQUIRE(driver.run_until_answered(23));
  CHECK(driver.order[2] == "urgent");
}

TEST_CASE("free slots are twice the workers, less what waits and runs") {
  PoolDriver driver(fake_settings(2));
  CHECK(driver.pool.free_slots() == 4);
  for (int i = 0; i < 6; ++i) {
    driver.submit(std::to_string(i), "good");
    CHECK(driver.pool.free_slots() == static_cast<std::size_t>(std::max(0, 3 - i)));
  }
  CHECK(driver.pool.counts().waiting_jobs == 6);
  REQUIRE(driver.run_until_answered(6));
  CHECK(driver.pool.free_slots() == 4);
}

TEST_CASE("a program that is missing is an error one can see, tried again without spinning") {
  auto settings = fake_settings(4);
  settings.worker_path = "/nonexistent/imgdedup-worker";
  PoolDriver driver(settings);
  CHECK(driver.pool.last_error().empty());
  driver.submit("waits", "good");
  CHECK(!driver.run_until([&] { return !driver.answers.empty(); }, 1500ms));
  CHECK(driver.pool.last_error().find("/nonexistent/imgdedup-worker") != std::string::npos);
  CHECK(driver.pool.last_error().find("No such file") != std::string::npos);
  CHECK(driver.wake_ups <= 4);
  CHECK(driver.pool.counts().waiting_jobs == 1);
  CHECK(driver.pool.counts().running_workers == 0);
}

TEST_CASE("a program that ends before it is ready blames no job and starts working when mended") {
  const testing::TemporaryDirectory programs;
  const auto program = programs / "program";
  testing::write_file(program, "#!/bin/sh\necho cannot find libfoo >&2\nexit 127\n");
  std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  auto settings = fake_settings(1);
  settings.worker_path = program;
  PoolDriver driver(settings);
  driver.submit("waits", "good");
  REQUIRE(driver.run_until([&] { return !driver.pool.last_error().empty(); }));
  CHECK(driver.pool.last_error().find("ended with status 127: cannot find libfoo") !=
        std::string::npos);
  CHECK(driver.answers.empty());
  std::filesystem::remove(program);
  std::filesystem::create_symlink(FAKE_WORKER_PATH, program);
  REQUIRE(driver.run_until_answered(1));
  CHECK(driver.is_good("waits"));
  CHECK(driver.pool.last_error().empty());
  CHECK(driver.pool.counts().replaced_workers == 0);
}

TEST_CASE("a worker is replaced after its jobs without anybody noticing") {
  auto settings = fake_settings(1);
  settings.jobs_per_worker = 500;
  PoolDriver driver(settings);
  driver.submit("0", "good");
  REQUIRE(driver.run_until_answered(1));
  const auto first_children = children();
  REQUIRE(first_children.size() == 1);
  for (int i = 1; i < 600; ++i) driver.submit(std::to_string(i), "good");
  REQUIRE(driver.run_until_answered(600));
  for (int i = 0; i < 600; ++i) REQUIRE(driver.is_good(std::to_string(i)));
  CHECK(children().back() != first_children.front());
  CHECK(driver.pool.counts().replaced_workers == 0);
}

TEST_CASE("an idle worker ends, and the next job starts one again") {
  auto settings = fake_settings(2);
  settings.idle_time = 100ms;
  PoolDriver driver(settings);
  driver.submit("one", "good");
  REQUIRE(driver.run_until_answered(1));
  CHECK(driver.pool.counts().running_workers == 1);
  REQUIRE(driver.run_until([&] { return driver.pool.counts().running_workers == 0; }));
  REQUIRE(driver.run_until([] { return children().empty(); }));
  driver.submit("two", "good");
  REQUIRE(driver.run_until_answered(2));
  CHECK(driver.pool.counts().replaced_workers == 0);
}

TEST_CASE("a worker that is killed while it has nothing to do is replaced when needed") {
  PoolDriver driver(fake_settings(1));
  driver.submit("one", "good");
  REQUIRE(driver.run_until_answered(1));
  ::kill(children().front(), SIGKILL);
  REQUIRE(driver.run_until([&] { return driver.pool.counts().running_workers == 0; }));
  driver.submit("two", "good");
  REQUIRE(driver.run_until_answered(2));
  CHECK(driver.is_good("two"));
}

TEST_CASE("a worker gets no descriptor but its own four and no environment but OpenCV's limit") {
  PoolDriver driver(fake_settings(1));
  const posix::UniqueDescriptor inheritable(::open("/dev/null", O_RDONLY));
  driver.submit("report", "report-surroundings");
  REQUIRE(driver.run_until_answered(1));
  // The fifth is the file of the job.
  CHECK(driver.refusal("report").message == "descriptors=5 OPENCV_IO_MAX_IMAGE_PIXELS=500000000");
}

TEST_CASE("no descriptor and no process is left behind") {
  const std::size_t before = open_descriptors();
  {
    PoolDriver driver(fake_settings(3));
    const char* const manners[] = {"good", "crash", "garbage", "exit", "with-descriptor"};
    for (int i = 0; i < 50; ++i) driver.submit(std::to_string(i), manners[i % 5]);
    REQUIRE(driver.run_until_answered(50));
    // Files are closed with the answer: what is left belongs to at most three workers.
    REQUIRE(driver.run_until([] { return children().size() <= 3; }));
    CHECK(open_descriptors() <= before + 2 + 3 * 3);
    for (int i = 50; i < 60; ++i) driver.submit(std::to_string(i), "hang");
    REQUIRE(driver.run_until([&] { return driver.pool.counts().running_jobs == 6; }));
    CHECK(children().size() == 3);
  }
  CHECK(open_descriptors() == before);
  CHECK(children().empty());
}

TEST_CASE("a callback may submit further jobs, and may throw without harm to the others") {
  PoolDriver driver(fake_settings(1));
  testing::write_file(driver.directory / "file", "good\n");
  int answered = 0;
  const auto submit = [&](WorkerPool::Callback callback) {
    std::vector<posix::UniqueDescriptor> files;
    files.push_back(testing::open_for_reading(driver.directory / "file"));
    driver.pool.submit({}, std::move(files), std::move(callback));
  };
  submit([&](const Answer&) {
    ++answered;
    submit([&](const Answer&) { ++answered; });
    throw std::runtime_error("from a callback");
  });
  submit([&](const Answer&) { ++answered; });
  bool thrown = false;
  try {
    driver.run_until([&] { return answered == 3; });
  } catch (const std::runtime_error&) {
    thrown = true;
  }
  CHECK(thrown);
  CHECK(driver.run_until([&] { return answered == 3; }));
}
