// SPDX-License-Identifier: Apache-2.0
// A worker that does what the first line of the file it is given says: answers, crashes, hangs,
// lies. With an odd memory limit it says that its sandbox does not hold.
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include "worker/job_channel.h"
#include "worker/job_codec.h"
#include "worker/process_setup.h"

using namespace imgdedup;
using namespace imgdedup::worker;

namespace {

constexpr int channel = worker_channel_descriptor;

std::string text_of(int descriptor) {
  std::array<char, 4096> buffer{};
  const ssize_t size = ::pread(descriptor, buffer.data(), buffer.size(), 0);
  return {buffer.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
}

Answer answer_for(const Job& job, const std::string& text) {
  matching::ContentDigest digest;
  std::memcpy(digest.bytes.data(), text.data(), std::min(text.size(), digest.bytes.size()));
  switch (job.kind) {
    case JobKind::digest:
    case JobKind::picture_digest:
      return DigestAnswer{digest, text.size()};
    case JobKind::fingerprint: {
      matching::Measurement measurement;
      matching::Fingerprint& fingerprint = measurement.fingerprint;
      fingerprint.content_digest = digest;
      fingerprint.size_bytes = text.size();
      fingerprint.width_pixels = 640;
      fingerprint.height_pixels = 480;
      if (job.measures.features) measurement.features.emplace();
      if (job.measures.embedding) measurement.embedding.emplace().values.assign(4, 0.5F);
      return measurement;
    }
    case JobKind::encode:
      return matching::EncodedHash{.size = job.definition.size, .words = {text.size()}};
    case JobKind::thumbnail:
      return matching::Thumbnail{1, 1, 640, 480, {0, 0, 0}};
    case JobKind::compare:
      break;
  }
  return matching::Comparison{.left_digest = digest, .right_digest = digest};
}

void reply(const std::vector<std::uint8_t>& message) {
  send_message(channel, message, {}, Waiting::block);
}

/// As a worker that is at its memory limit does.
Answer out_of_memory_answer() {
  try {
    std::vector<std::vector<char>> all;
    for (;;) all.emplace_back(std::size_t{64} << 20);
  } catch (const std::bad_alloc&) {
    return matching::Refusal{matching::RefusalReason::out_of_memory, "64 MiB more"};
  }
}

bool first_time(const std::string& marker) {
  const int file = ::open(marker.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  if (file < 0) return false;
  ::close(file);
  return true;
}

[[noreturn]] void hang() {
  for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
}

void crash() {
  // A sanitizer's handler would make an exit of it.
  ::signal(SIGSEGV, SIG_DFL);
  ::raise(SIGSEGV);
}

void log(const std::string& path, const std::string& line) {
  const posix::UniqueDescriptor file(
      ::open(path.c_str(), O_CREAT | O_APPEND | O_WRONLY | O_CLOEXEC, 0600));
  if (::write(file.get(), line.data(), line.size()) < 0) ::_exit(4);
}

/// argument: how many mebibytes it takes, and a file for a line when it begins and when it ends.
Answer answer_with_need(const Job& job, const std::string& argument, const Answer& good) {
  const std::uint64_t mebibytes = std::strtoull(argument.c_str(), nullptr, 10);
  const std::string path = argument.substr(argument.find(' ') + 1);
  if (job.memory_bytes < mebibytes << 20) return MemoryNeed{mebibytes << 20};
  log(path, "+" + std::to_string(mebibytes) + "\n");
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  log(path, "-" + std::to_string(mebibytes) + "\n");
  return good;
}

void handle(const Job& job, std::vector<posix::UniqueDescriptor>& files) {
  const std::string text = text_of(files.front().get());
  const std::string line = text.substr(0, text.find('\n'));
  const std::string word = line.substr(0, line.find(' '));
  const std::string argument = line.size() > word.size() ? line.substr(word.size() + 1) : "";
  const Answer good = answer_for(job, text);

  if (word == "crash") crash();
  if (word == "crash-once" && first_time(argument)) crash();
  if (word == "complain-and-crash") {
    for (int i = 0; i < 100'000; ++i)
      std::fprintf(stderr, "warning %d: this is a bad picture\n", i);
    ::raise(SIGABRT);
  }
  if (word == "say-and-crash") {
    std::fprintf(stderr, "first line\n%s\n", argument.c_str());
    ::raise(SIGABRT);
  }
  if (word == "exit") ::_exit(3);
  if (word == "need") return reply(encode_answer(job.id, answer_with_need(job, argument, good)));
  if (word == "need-more") return reply(encode_answer(job.id, MemoryNeed{job.memory_bytes + 1}));
  if (word == "need-less") return reply(encode_answer(job.id, MemoryNeed{job.memory_bytes}));
  if (word == "hang") hang();
  if (word == "close-and-hang") {
    ::close(channel);
    hang();
  }
  if (word == "sleep-milliseconds")
    std::this_thread::sleep_for(std::chrono::milliseconds(std::atoi(argument.c_str())));
  if (word == "allocate") return reply(encode_answer(job.id, out_of_memory_answer()));
  if (word == "garbage") return reply({'g', 'a', 'r', 'b', 'a', 'g', 'e'});
  if (word == "wrong-id") return reply(encode_answer(job.id + 1, good));
  if (word == "wrong-kind") return reply(encode_answer(job.id, matching::Comparison{}));
  if (word == "oversized") {
    const std::vector<char> big(max_message_bytes + 1000);
    if (::write(channel, big.data(), big.size()) < 0) ::_exit(4);
    return;
  }
  if (word == "with-descriptor") {
    const int descriptor = 0;
    send_message(channel, encode_answer(job.id, good), {&descriptor, 1}, Waiting::block);
    return;
  }
  if (word == "answer-twice") reply(encode_answer(job.id, good));
  if (word == "refuse")
    return reply(encode_answer(
        job.id, matching::Refusal{matching::RefusalReason::damaged, "bad\x1b[31m\ndata"}));
  if (word == "report-surroundings") {
    // Limits and descriptors, told through a refusal's message.
    int open_descriptors = 0;
    for (int i = 0; i < 1000; ++i) open_descriptors += ::fcntl(i, F_GETFD) >= 0;
    std::string message = "descriptors=" + std::to_string(open_descriptors);
    for (char** variable = environ; *variable; ++variable) message += std::string(" ") + *variable;
    return reply(
        encode_answer(job.id, matching::Refusal{matching::RefusalReason::damaged, message}));
  }
  reply(encode_answer(job.id, good));
}

}  // namespace

int main(int count, char** arguments) {
  const auto serve = serve_arguments_from({arguments, static_cast<std::size_t>(count)});
  if (!serve) return 2;
  set_up_worker_process(serve->memory_bytes);
  reply(encode_hello(
      {.sandbox = serve->memory_bytes % 2 == 1 ? SandboxLayers{} : SandboxLayers::all()}));
  for (;;) {
    Received received = receive_message(channel, max_descriptors, Waiting::block);
    if (received.status != ReceiveStatus::message) return 0;
    const auto job = decode_job(received.bytes, received.descriptors.size());
    if (!std::holds_alternative<Job>(job)) return 1;
    handle(std::get<Job>(job), received.descriptors);
  }
}
