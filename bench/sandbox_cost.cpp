// SPDX-License-Identifier: Apache-2.0
// What the workers' sandbox costs: workers with and without it take turns. sandbox_cost FILE...
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "hashing/measure.h"
#include "worker/job_channel.h"
#include "worker/job_codec.h"
#include "worker/job_runner.h"
#include "worker/process_setup.h"
#include "worker/sandbox.h"

namespace {

using namespace imgdedup;
using namespace imgdedup::worker;
using Clock = std::chrono::steady_clock;

double microseconds_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values.at(values.size() / 2);
}

/// The process side, which says on standard output how long it took to shut itself in.
int serve(std::string_view how) {
  set_up_worker_process(std::uint64_t{2} << 30);
  hashing::warm_codecs();
  SandboxLayers layers;
  if (how == "shut-in") {
    const auto begin = Clock::now();
    layers = enter_sandbox(worker_channel_descriptor);
    std::printf("%.1f\n", microseconds_since(begin));
    std::fflush(stdout);
  }
  return serve_jobs(worker_channel_descriptor, nullptr, layers);
}

/// A worker that has said hello.
class Worker {
 public:
  Worker(const char* program, const char* how) {
    std::array<int, 2> pair{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair.data()) != 0)
      throw std::runtime_error("no channel");
    std::array<int, 2> words{};
    if (::pipe2(words.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    const auto begin = Clock::now();
    process_ = ::fork();
    if (process_ == 0) {
      ::dup2(words[1], STDOUT_FILENO);
      ::dup2(pair[1], worker_channel_descriptor);
      ::fcntl(worker_channel_descriptor, F_SETFD, 0);
      ::execl(program, program, how, nullptr);
      ::_exit(1);
    }
    ::close(pair[1]);
    channel_.reset(pair[0]);
    if (receive_message(channel_.get(), 0, Waiting::block).status != ReceiveStatus::message)
      throw std::runtime_error("no hello");
    start_microseconds_ = microseconds_since(begin);
    ::close(words[1]);
    std::array<char, 32> text{};
    const posix::UniqueDescriptor reading(words[0]);
    if (how == std::string_view("shut-in") &&
        ::read(reading.get(), text.data(), text.size() - 1) > 0)
      entry_microseconds_ = std::strtod(text.data(), nullptr);
  }
  ~Worker() {
    channel_.reset();
    ::waitpid(process_, nullptr, 0);
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  [[nodiscard]] double start_microseconds() const { return start_microseconds_; }
  /// Of it, enter_sandbox() alone.
  [[nodiscard]] double entry_microseconds() const { return entry_microseconds_; }
  double ask(JobKind kind, const char* file) {
    const auto begin = Clock::now();
    const posix::UniqueDescriptor opened(::open(file, O_RDONLY | O_CLOEXEC));
    const int descriptor = opened.get();
    Job job;
    job.kind = kind;
    send_message(channel_.get(), encode_job(job), {&descriptor, 1}, Waiting::block);
    if (receive_message(channel_.get(), 0, Waiting::block).status != ReceiveStatus::message)
      throw std::runtime_error("no answer");
    return microseconds_since(begin);
  }

 private:
  pid_t process_ = -1;
  posix::UniqueDescriptor channel_;
  double start_microseconds_ = 0;
  double entry_microseconds_ = 0;
};

void print(const char* what, const std::vector<double>& plain, const std::vector<double>& shut_in) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < plain.size(); ++i) ratios.push_back(shut_in[i] / plain[i]);
  std::printf("%-22s without %9.1f us  with %9.1f us  median of the ratios %.3f\n", what,
              median(plain), median(shut_in), median(ratios));
}

}  // namespace

int main(int count, char** arguments) {
  if (count == 2 &&
      (arguments[1] == std::string_view("plain") || arguments[1] == std::string_view("shut-in")))
    return serve(arguments[1]);
  if (count < 2) {
    std::fputs("usage: sandbox_cost FILE...\n", stderr);
    return 2;
  }
  constexpr int starts = 40, rounds = 400;
  std::vector<double> plain, shut_in, entries;
  for (int i = 0; i < starts; ++i) {
    plain.push_back(Worker("/proc/self/exe", "plain").start_microseconds());
    const Worker worker("/proc/self/exe", "shut-in");
    shut_in.push_back(worker.start_microseconds());
    entries.push_back(worker.entry_microseconds());
  }
  std::printf("enter_sandbox() alone: %.0f us\n", median(entries));
  print("start of a worker", plain, shut_in);
  Worker open_worker("/proc/self/exe", "plain"), closed_worker("/proc/self/exe", "shut-in");
  for (const auto& [kind, name] :
       {std::pair(JobKind::digest, "digest"), std::pair(JobKind::fingerprint, "fingerprint")}) {
    plain.clear();
    shut_in.clear();
    for (int i = 0; i < rounds; ++i) {
      const char* const file = arguments[1 + i % (count - 1)];
      // The second finds the file in the processor's cache.
      if (i % 2 == 0) plain.push_back(open_worker.ask(kind, file));
      shut_in.push_back(closed_worker.ask(kind, file));
      if (i % 2 == 1) plain.push_back(open_worker.ask(kind, file));
    }
    print(name, plain, shut_in);
  }
}
