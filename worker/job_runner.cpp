// SPDX-License-Identifier: Apache-2.0
// Answers jobs: the only place that joins the channel with the hashing library.
#include "worker/job_runner.h"

#include <cassert>
#include <cstdio>
#include <exception>
#include <new>
#include <string>
#include <utility>

#include "hashing/embedding.h"
#include "hashing/library_hash.h"
#include "hashing/measure.h"
#include "hashing/thumbnail.h"
#include "worker/file_bytes.h"
#include "worker/job_channel.h"
#include "worker/job_codec.h"

namespace imgdedup::worker {
namespace {

using matching::Refusal;
using matching::RefusalReason;

static_assert(head_bytes == hashing::signature_bytes);

hashing::DecodeLimits decode_limits(const Job& job) {
  return {.max_pixels = job.limits.max_pixels};
}

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
  const auto bytes =
      read_file_bytes(file, job.limits.max_file_bytes,
                      job.kind == JobKind::picture_digest ? refuse_what_is_no_picture : nullptr);
  if (const auto* refusal = std::get_if<Refusal>(&bytes)) return *refusal;
  const auto all = std::get<FileBytes>(bytes).all();
  return DigestAnswer{hashing::digest_of(all), all.size()};
}

Answer fingerprint(const Job& job, int file, hashing::EmbeddingNetwork* network) {
  if (job.measures.embedding && !network)
    return Refusal{RefusalReason::unsupported, "the worker has no network"};
  const auto bytes = read_file_bytes(file, job.limits.max_file_bytes, hashing::refuse_by_signature);
  if (const auto* refusal = std::get_if<Refusal>(&bytes)) return *refusal;
  return to_answer(hashing::measure_image(std::get<FileBytes>(bytes).all(), decode_limits(job),
                                          job.measures, network));
}

Answer compare(const Job& job, int left_file, int right_file) {
  const auto left =
      read_file_bytes(left_file, job.limits.max_file_bytes, hashing::refuse_by_signature);
  if (const auto* refusal = std::get_if<Refusal>(&left)) return *refusal;
  const auto right =
      read_file_bytes(right_file, job.limits.max_file_bytes, hashing::refuse_by_signature);
  if (const auto* refusal = std::get_if<Refusal>(&right)) return *refusal;
  return to_answer(hashing::compare_images(std::get<FileBytes>(left).all(),
                                           std::get<FileBytes>(right).all(), decode_limits(job),
                                           job.measures));
}

Answer encode(const Job& job, int file) {
  const auto bytes = read_file_bytes(file, job.limits.max_file_bytes, hashing::refuse_by_signature);
  if (const auto* refusal = std::get_if<Refusal>(&bytes)) return *refusal;
  return to_answer(
      hashing::encode_image(std::get<FileBytes>(bytes).all(), decode_limits(job), job.definition));
}

Answer thumbnail(const Job& job, int file) {
  const auto bytes = read_file_bytes(file, job.limits.max_file_bytes, hashing::refuse_by_signature);
  if (const auto* refusal = std::get_if<Refusal>(&bytes)) return *refusal;
  return to_answer(hashing::make_thumbnail(std::get<FileBytes>(bytes).all(),
                                           job.thumbnail_side_pixels, decode_limits(job)));
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
    switch (job.kind) {
      case JobKind::digest:
      case JobKind::picture_digest:
        return digest(job, files[0].get());
      case JobKind::fingerprint:
        return fingerprint(job, files[0].get(), network);
      case JobKind::encode:
        return encode(job, files[0].get());
      case JobKind::compare:
        return compare(job, files[0].get(), files[1].get());
      case JobKind::thumbnail:
        break;
    }
    return thumbnail(job, files[0].get());
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
    if (send_message(channel, encode_answer(asked.id, answer), {}, Waiting::block) !=
        SendStatus::sent)
      return 0;
    if (out_of_memory(answer)) return 1;
  }
}

}  // namespace imgdedup::worker
