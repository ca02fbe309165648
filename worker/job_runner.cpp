// SPDX-License-Identifier: Apache-2.0
// Answers jobs: the only place that joins the channel with the hashing library.
#include "worker/job_runner.h"

#include <malloc.h>

#include <algorithm>
#include <cassert>
#include <cstdio>
#include <exception>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "hashing/embedding.h"
#include "hashing/library_hash.h"
#include "hashing/measure.h"
#include "hashing/thumbnail.h"
#include "worker/file_bytes.h"
#include "worker/job_channel.h"
#include "worker/job_codec.h"
#include "worker/memory_budget.h"

namespace imgdedup::worker {
namespace {

using matching::Refusal;
using matching::RefusalReason;

static_assert(head_bytes == hashing::signature_bytes);

/// What a job may take and what it would: files first, then what decoding them takes.
class Allowance {
 public:
  explicit Allowance(const Job& job) : job_(job) {}

  /// Whether a file of that size may be read at all.
  bool permits_file(std::uint64_t bytes) {
    files_ += bytes;
    return permits(0);
  }
  [[nodiscard]] hashing::DecodeLimits decode_limits() {
    return {.max_pixels = job_.limits.max_pixels,
            .permits_memory = [this](std::uint64_t bytes) { return permits(bytes); }};
  }
  /// The need, where something was not permitted.
  [[nodiscard]] std::optional<MemoryNeed> need() const {
    if (needed_ <= job_.memory_bytes) return std::nullopt;
    return MemoryNeed{needed_};
  }

 private:
  bool permits(std::uint64_t bytes) {
    needed_ = std::max(needed_, files_ + bytes);
    return needed_ <= job_.memory_bytes;
  }

  const Job& job_;
  std::uint64_t files_ = 0, needed_ = 0;
};

template <typename Value>
Answer to_answer(std::variant<Value, Refusal> outcome) {
  return std::visit([](auto&& value) -> Answer { return std::move(value); }, std::move(outcome));
}

/// Pictures of formats that this build cannot decode have bytes all the same.
std::optional<Refusal> refuse_what_is_no_picture(std::span<const std::uint8_t> head) {
  auto refusal = hashing::refuse_by_signature(head);
  return refusal && refusal->reason == RefusalReason::unsupported ? std::nullopt : refusal;
}

Answer digest(const Job& job, int file) {
  hashing::DigestOfParts digest;
  const auto size =
      read_file_parts(file, job.limits.max_file_bytes,
                      job.kind == JobKind::picture_digest ? refuse_what_is_no_picture : nullptr,
                      [&digest](std::span<const std::uint8_t> part) { digest.add(part); });
  if (const auto* refusal = std::get_if<Refusal>(&size)) return *refusal;
  return DigestAnswer{digest.finish(), std::get<std::uint64_t>(size)};
}

/// The file of a picture, if it may be read: a Refusal that does not matter where it may not.
std::variant<FileBytes, Refusal> read_picture(const Job& job, int file, Allowance& allowance) {
  return read_file_bytes(
      file, job.limits.max_file_bytes, hashing::refuse_by_signature,
      [&allowance](std::uint64_t bytes) -> std::optional<Refusal> {
        if (allowance.permits_file(bytes)) return std::nullopt;
        return Refusal{RefusalReason::over_limit, "the file is larger than there is memory for it"};
      });
}

Answer fingerprint(const Job& job, int file, hashing::EmbeddingNetwork* network,
                   Allowance& allowance) {
  if (job.measures.embedding && !network)
    return Refusal{RefusalReason::unsupported, "the worker has no network"};
  const auto bytes = read_picture(job, file, allowance);
  if (const auto* refusal = std::get_if<Refusal>(&bytes)) return *refusal;
  return to_answer(hashing::measure_image(std::get<FileBytes>(bytes).all(),
                                          allowance.decode_limits(), job.measures, network));
}

Answer compare(const Job& job, int left_file, int right_file, Allowance& allowance) {
  const auto left = read_picture(job, left_file, allowance);
  if (const auto* refusal = std::get_if<Refusal>(&left)) return *refusal;
  const auto right = read_picture(job, right_file, allowance);
  if (const auto* refusal = std::get_if<Refusal>(&right)) return *refusal;
  return to_answer(hashing::compare_images(std::get<FileBytes>(left).all(),
                                           std::get<FileBytes>(right).all(),
                                           allowance.decode_limits(), job.measures));
}

Answer encode(const Job& job, int file, Allowance& allowance) {
  const auto bytes = read_picture(job, file, allowance);
  if (const auto* refusal = std::get_if<Refusal>(&bytes)) return *refusal;
  return to_answer(hashing::encode_image(std::get<FileBytes>(bytes).all(),
                                         allowance.decode_limits(), job.definition));
}

Answer thumbnail(const Job& job, int file, Allowance& allowance) {
  const auto bytes = read_picture(job, file, allowance);
  if (const auto* refusal = std::get_if<Refusal>(&bytes)) return *refusal;
  return to_answer(hashing::make_thumbnail(std::get<FileBytes>(bytes).all(),
                                           job.thumbnail_side_pixels, allowance.decode_limits()));
}

Answer run(const Job& job, std::span<const posix::UniqueDescriptor> files,
           hashing::EmbeddingNetwork* network, Allowance& allowance) {
  switch (job.kind) {
    case JobKind::digest:
    case JobKind::picture_digest:
      return digest(job, files[0].get());
    case JobKind::fingerprint:
      return fingerprint(job, files[0].get(), network, allowance);
    case JobKind::encode:
      return encode(job, files[0].get(), allowance);
    case JobKind::compare:
      return compare(job, files[0].get(), files[1].get(), allowance);
    case JobKind::thumbnail:
      break;
  }
  return thumbnail(job, files[0].get(), allowance);
}

bool out_of_memory(const Answer& answer) {
  const auto* refusal = std::get_if<Refusal>(&answer);
  return refusal && refusal->reason == RefusalReason::out_of_memory;
}

}  // namespace

Answer run_job(const Job& job, std::span<const posix::UniqueDescriptor> files,
               hashing::EmbeddingNetwork* network) {
  assert(files.size() == descriptor_count_of(job.kind));
  try {
    Allowance allowance(job);
    Answer answer = run(job, files, network, allowance);
    if (const auto need = allowance.need()) return *need;
    return answer;
  } catch (const std::bad_alloc&) {
    return Refusal{RefusalReason::out_of_memory, "an allocation failed"};
  } catch (const std::exception& error) {
    return Refusal{RefusalReason::damaged, error.what()};
  }
}

int serve_jobs(int channel, hashing::EmbeddingNetwork* network, const SandboxLayers& sandbox) {
  Hello hello;
  hello.sandbox = sandbox;
  if (network) hello.network = network->identity();
  if (send_message(channel, encode_hello(hello), {}, Waiting::block) != SendStatus::sent) return 0;
  for (;;) {
    Received received = receive_message(channel, max_descriptors, Waiting::block);
    if (received.status == ReceiveStatus::closed) return 0;
    const auto job = decode_job(received.bytes, received.descriptors.size());
    if (const auto* error = std::get_if<ProtocolError>(&job)) {
      std::fprintf(stderr, "asked nonsense: %s\n", error->message.c_str());
      return 1;
    }
    const auto& asked = std::get<Job>(job);
    const Answer answer = run_job(asked, received.descriptors, network);
    // What a large picture leaves behind goes back to the system, not to the next, small one.
    if (asked.memory_bytes > light_job_bytes) ::malloc_trim(0);
    if (send_message(channel, encode_answer(asked.id, answer), {}, Waiting::block) !=
        SendStatus::sent)
      return 0;
    if (out_of_memory(answer)) return 1;
  }
}

}  // namespace imgdedup::worker
