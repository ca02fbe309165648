// SPDX-License-Identifier: Apache-2.0
// The real worker, but for files that begin or end with an order: it crashes, hangs, is slow, eats
// memory or lies.
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <limits>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "hashing/measure.h"
#include "worker/job_channel.h"
#include "worker/job_codec.h"
#include "worker/job_runner.h"
#include "worker/process_setup.h"
#include "worker/sandbox.h"

using namespace imgdedup;
using namespace imgdedup::worker;

namespace {

constexpr int channel = worker_channel_descriptor;

std::string order_of(int file) {
  std::array<char, 120> head{};
  const ssize_t size = ::pread(file, head.data(), head.size(), 0);
  const std::string_view text(head.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  if (!text.starts_with("ORDER ")) return {};
  return std::string(text.substr(6, text.find('\n') - 6));
}

/// What stands behind the end of a picture, where no decoder looks.
std::string trailing_order_of(int file) {
  // Its size cannot be asked for with what the sandbox leaves.
  std::string text;
  std::vector<char> part(std::size_t{1} << 20);
  off_t offset = 0;
  for (ssize_t size = 0; (size = ::pread(file, part.data(), part.size(), offset)) > 0;
       offset += size) {
    text.append(part.data(), static_cast<std::size_t>(size));
    if (text.size() > 40) text.erase(0, text.size() - 40);
  }
  const auto begin = text.find("ORDER ");
  if (begin == std::string::npos) return {};
  return text.substr(begin + 6, text.find('\n', begin) - begin - 6);
}

/// The sandbox lets nobody sleep.
void spin(std::chrono::milliseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) {
  }
}

void send(const std::vector<std::uint8_t>& message) {
  send_message(channel, message, {}, Waiting::block);
}

[[noreturn]] void hang() {
  for (std::atomic<int> turns = 0;; ++turns) {
  }
}

[[noreturn]] void eat_memory() {
  for (;;) {
    auto* const memory = static_cast<volatile char*>(std::malloc(std::size_t{16} << 20));
    if (memory == nullptr) std::abort();
    for (std::size_t i = 0; i < std::size_t{16} << 20; i += 4096) memory[i] = 1;
  }
}

matching::Measurement plausible() {
  matching::Measurement measurement;
  measurement.fingerprint.size_bytes = 1000;
  measurement.fingerprint.width_pixels = 640;
  measurement.fingerprint.height_pixels = 480;
  return measurement;
}

/// Whether it was an order that takes the place of an answer.
bool obey(const std::string& order, const Job& job, std::uint64_t size) {
  if (order == "crash") {
    ::signal(SIGSEGV, SIG_DFL);
    ::raise(SIGSEGV);
  }
  if (order == "abort") std::abort();
  if (order == "forbidden") {
    ::syscall(SYS_personality, 0xffffffff);
    std::abort();
  }
  if (order == "hang") hang();
  if (order == "slow") spin(std::chrono::seconds(1));
  if (order == "eat-memory") eat_memory();
  constexpr std::string_view as_another = "lie-digest ";
  if (order.starts_with(as_another)) {
    const auto digest = matching::content_digest_from_hex(order.substr(as_another.size()));
    if (!digest) std::abort();
    auto lie = plausible();
    lie.fingerprint.content_digest = *digest;
    lie.fingerprint.size_bytes = size;
    if (job.kind == JobKind::digest)
      return send(encode_answer(job.id, DigestAnswer{*digest, size})), true;
    if (job.measures.features) lie.features.emplace();
    return send(encode_answer(job.id, lie)), true;
  }
  if (order == "lie-garbage") return send({'g', 'a', 'r', 'b', 'a', 'g', 'e'}), true;
  if (order == "lie-oversized") {
    std::vector<std::uint8_t> bytes(max_message_bytes + 1000);
    iovec whole{bytes.data(), bytes.size()};
    msghdr message{};
    message.msg_iov = &whole;
    message.msg_iovlen = 1;
    return ::sendmsg(channel, &message, 0) > 0;
  }
  auto lie = plausible();
  if (order == "lie-size") return send(encode_answer(job.id, lie)), true;
  if (order == "lie-id") return send(encode_answer(job.id + 1, lie)), true;
  if (order == "lie-kind") return send(encode_answer(job.id, matching::Comparison{})), true;
  if (order == "lie-length") {
    auto message = encode_answer(job.id, lie);
    message.resize(message.size() / 2);
    return send(message), true;
  }
  if (order == "lie-nan") {
    lie.fingerprint.detail = std::numeric_limits<float>::quiet_NaN();
    return send(encode_answer(job.id, lie)), true;
  }
  if (order == "lie-pixels") {
    lie.fingerprint.width_pixels = lie.fingerprint.height_pixels = 4'000'000'000;
    return send(encode_answer(job.id, lie)), true;
  }
  if (order == "lie-reason")
    return send(encode_answer(job.id,
                              matching::Refusal{matching::RefusalReason::timed_out, "I say so"})),
           true;
  if (order == "lie-descriptor") {
    const int descriptor = STDERR_FILENO;
    send_message(channel, encode_answer(job.id, lie), {&descriptor, 1}, Waiting::block);
    return true;
  }
  if (order == "lie-twice") {
    const auto refusal =
        encode_answer(job.id, matching::Refusal{matching::RefusalReason::damaged, "twice"});
    send(refusal);
    return send(refusal), true;
  }
  return false;
}

}  // namespace

int main(int count, char** arguments) {
  const auto serve = serve_arguments_from({arguments, static_cast<std::size_t>(count)});
  if (!serve) return 2;
  set_up_worker_process(serve->memory_bytes);
  hashing::warm_codecs();
  send(encode_hello({.sandbox = enter_sandbox(channel)}));
  for (;;) {
    const Received received = receive_message(channel, max_descriptors, Waiting::block);
    if (received.status != ReceiveStatus::message) return 0;
    const auto decoded = decode_job(received.bytes, received.descriptors.size());
    if (!std::holds_alternative<Job>(decoded)) return 1;
    const Job& job = std::get<Job>(decoded);
    const int file = received.descriptors.front().get();
    struct stat status {};
    ::fstat(file, &status);
    if (job.kind == JobKind::compare && trailing_order_of(file) == "slow-compare")
      spin(std::chrono::seconds(1));
    if (obey(order_of(file), job, static_cast<std::uint64_t>(status.st_size))) continue;
    send(encode_answer(job.id, run_job(job, received.descriptors, nullptr)));
  }
}
