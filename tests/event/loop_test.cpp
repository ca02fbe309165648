// SPDX-License-Identifier: Apache-2.0
// The loop, its timers, descriptors, signals, background work, and the way of an exception.
#include "daemon/event/loop.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "daemon/event/background.h"
#include "daemon/event/poller.h"
#include "daemon/event/signals.h"
#include "daemon/event/timer.h"
#include "daemon/event/wakeup.h"
#include "posix/unique_descriptor.h"
#include "support/run_until.h"

namespace imgdedup::event {
namespace {

using std::chrono::milliseconds;
using testing::run_for;
using testing::run_until;

struct Pipe {
  posix::UniqueDescriptor reader;
  posix::UniqueDescriptor writer;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  return {.reader = posix::UniqueDescriptor(ends[0]), .writer = posix::UniqueDescriptor(ends[1])};
}

double processor_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

TEST_CASE("a loop without anything to do sleeps until it is stopped") {
  Loop loop;
  const double before = processor_seconds();
  const auto start = loop.now();
  Timer timer(loop, [&] { loop.stop(); });
  timer.start(milliseconds(200));
  loop.run();
  CHECK(loop.now() - start >= milliseconds(200));
  CHECK(processor_seconds() - before < 0.1);
}

TEST_CASE("stop before run makes run return at once, and the loop can run again") {
  Loop loop;
  loop.stop();
  loop.run();
  bool has_run = false;
  loop.defer([&] {
    has_run = true;
    loop.stop();
  });
  loop.run();
  CHECK(has_run);
}

TEST_CASE("deferred tasks run in order, later than the caller, and let others have their turn") {
  Loop loop;
  std::string order;
  int left = 1000;
  bool has_timer_run = false;
  Timer timer(loop, [&] { has_timer_run = true; });
  timer.start(milliseconds(1));
  std::function<void()> slice = [&] {
    if (--left > 0 || !has_timer_run) {
      loop.defer(slice);
    } else {
      loop.stop();
    }
  };
  loop.defer([&] {
    loop.defer([&] { order += "c"; });
    order += "a";
  });
  loop.defer([&] { order += "b"; });
  loop.defer(slice);
  CHECK(order.empty());
  loop.run();
  CHECK(order == "abc");
  CHECK(has_timer_run);
  const double before = processor_seconds();
  run_for(loop, milliseconds(200));
  CHECK(processor_seconds() - before < 0.1);
}

TEST_CASE("an exception from any callback comes out of run, once, and the loop lives on") {
  Loop loop;
  Timer timer(loop, [] { throw std::runtime_error("from a timer"); });
  timer.start(milliseconds(0));
  CHECK_THROWS_WITH(loop.run(), "from a timer");
  loop.defer([] { throw std::runtime_error("from a task"); });
  loop.defer([&] { loop.stop(); });
  CHECK_THROWS_WITH(loop.run(), "from a task");
  loop.run();
  run_in_background(
      loop, [] {}, [](std::exception_ptr) { throw std::runtime_error("from an end"); });
  CHECK_THROWS_WITH(loop.run(), "from an end");
  const Pipe pipe = make_pipe();
  DescriptorWatch watch(loop, pipe.writer.get(),
                        [](Readiness) { throw std::runtime_error("from a descriptor"); });
  watch.wait_for({.writable = true});
  CHECK_THROWS_WITH(loop.run(), "from a descriptor");
}

TEST_CASE(
    "a timer repeats until it is stopped and can be restarted and destroyed by its callback") {
  Loop loop;
  int calls = 0;
  std::optional<Timer> timer;
  timer.emplace(loop, [&] {
    if (++calls == 3) timer->start(milliseconds(1));
    if (calls == 4) timer.reset();
  });
  CHECK_FALSE(timer->active());
  timer->start_repeating(milliseconds(1));
  CHECK(timer->active());
  CHECK(run_until(loop, [&] { return calls == 4; }));
  run_for(loop, milliseconds(20));
  CHECK(calls == 4);

  Timer stopped(loop, [&] { ++calls; });
  stopped.start(milliseconds(1));
  stopped.stop();
  CHECK_FALSE(stopped.active());
  run_for(loop, milliseconds(20));
  CHECK(calls == 4);
}

TEST_CASE("a delay counts from the call, however long the loop was busy before") {
  Loop loop;
  std::chrono::steady_clock::time_point started;
  std::chrono::steady_clock::time_point ended;
  Timer timer(loop, [&] {
    ended = loop.now();
    loop.stop();
  });
  loop.defer([&] {
    std::this_thread::sleep_for(milliseconds(60));
    started = loop.now();
    timer.start(milliseconds(50));
  });
  loop.run();
  CHECK(ended - started >= milliseconds(49));
}

TEST_CASE("a descriptor is watched for what was asked and no more") {
  Loop loop;
  const Pipe pipe = make_pipe();
  int calls = 0;
  std::string read;
  std::optional<DescriptorWatch> watch;
  watch.emplace(loop, pipe.reader.get(), [&](Readiness readiness) {
    ++calls;
    CHECK(readiness == Readiness{.readable = true});
    char byte = 0;
    REQUIRE(::read(pipe.reader.get(), &byte, 1) == 1);
    read += byte;
    if (read == "ab") watch->stop();
    if (read == "abc") watch.reset();
  });
  REQUIRE(::write(pipe.writer.get(), "abcd", 4) == 4);
  run_for(loop, milliseconds(20));
  CHECK(calls == 0);
  watch->wait_for({.readable = true});
  CHECK(run_until(loop, [&] { return calls == 2; }));
  run_for(loop, milliseconds(20));
  CHECK(read == "ab");
  watch->wait_for({.readable = true});
  CHECK(run_until(loop, [&] { return read == "abc"; }));
  run_for(loop, milliseconds(20));
  CHECK(calls == 3);
}

TEST_CASE("the mount table can be waited for; a regular file cannot") {
  Loop loop;
  const posix::UniqueDescriptor mounts(::open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC));
  REQUIRE(mounts);
  int calls = 0;
  DescriptorWatch watch(loop, mounts.get(), [&](Readiness) { ++calls; });
  watch.wait_for({.priority = true});
  run_for(loop, milliseconds(30));
  CHECK(calls == 0);
  const posix::UniqueDescriptor file(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  CHECK_THROWS_AS(DescriptorWatch(loop, file.get(), [](Readiness) {}), std::system_error);
}

TEST_CASE("a signal becomes a callback while it is watched, and else waits") {
  Loop loop;
  int calls = 0;
  std::optional<SignalWatch> watch;
  watch.emplace(loop, SIGUSR1, [&] {
    if (++calls == 2) watch.reset();
  });
  // To this thread: other tests have begun threads that would not hold it.
  ::raise(SIGUSR1);
  CHECK(run_until(loop, [&] { return calls == 1; }));
  ::raise(SIGUSR1);
  CHECK(run_until(loop, [&] { return calls == 2; }));
  // Nobody watches now.
  ::raise(SIGUSR1);
  {
    Loop next_loop;
    const SignalWatch next(next_loop, SIGUSR1, [&] { ++calls; });
    CHECK(run_until(next_loop, [&] { return calls == 3; }));
  }
  CHECK_THROWS_AS(SignalWatch(loop, SIGKILL, [] {}), std::system_error);
}

TEST_CASE("work runs on another thread, its end and its exception on the loop's") {
  Loop loop;
  std::thread::id worker;
  std::thread::id ended;
  std::string message;
  run_in_background(
      loop, [&] { worker = std::this_thread::get_id(); },
      [&](std::exception_ptr failure) {
        CHECK_FALSE(failure);
        ended = std::this_thread::get_id();
      });
  run_in_background(
      loop, [] { throw std::runtime_error("disk on fire"); },
      [&](std::exception_ptr failure) {
        try {
          std::rethrow_exception(failure);
        } catch (const std::runtime_error& error) {
          message = error.what();
        }
      });
  CHECK(run_until(loop, [&] { return ended != std::thread::id() && !message.empty(); }));
  CHECK(ended == std::this_thread::get_id());
  CHECK(worker != ended);
  CHECK(message == "disk on fire");
}

TEST_CASE("a loop that goes waits for running work, drops waiting work, and calls no end") {
  std::atomic<int> begun = 0;
  std::atomic<int> finished = 0;
  int ends = 0;
  {
    Loop loop;
    for (int i = 0; i < 100; ++i)
      run_in_background(
          loop,
          [&] {
            ++begun;
            std::this_thread::sleep_for(milliseconds(30));
            ++finished;
          },
          [&](std::exception_ptr) { ++ends; });
    CHECK(run_until(loop, [&] { return begun > 0; }));
    ends = 0;
  }
  CHECK(begun == finished);
  CHECK(begun < 100);
  CHECK(ends == 0);
}

TEST_CASE("another thread can wake the loop") {
  Loop loop;
  std::atomic<int> sent = 0;
  int received = 0;
  Wakeup wakeup(loop, [&] { received = sent; });
  std::thread other([&] {
    for (int i = 0; i < 1000; ++i) {
      ++sent;
      wakeup.send();
    }
  });
  CHECK(run_until(loop, [&] { return received == 1000; }));
  other.join();
}

TEST_CASE("what a callback owns goes with the object, not with the loop") {
  Loop loop;
  auto owned = std::make_shared<int>(1);
  const std::weak_ptr<int> seen = owned;
  {
    Timer timer(loop, [kept = std::move(owned)] {});
    timer.start(milliseconds(1));
  }
  run_for(loop, milliseconds(5));
  CHECK(seen.expired());
}

}  // namespace
}  // namespace imgdedup::event
