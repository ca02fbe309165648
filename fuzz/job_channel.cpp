// SPDX-License-Identifier: Apache-2.0
// What a worker hears, and what its asker hears of a worker that has been taken over. What is taken
// for a message says the same when it is written again.
#include <array>
#include <cstdlib>

#include "worker/job_codec.h"

namespace {

using namespace imgdedup::worker;

void must(bool holds) {
  if (!holds) std::abort();
}

constexpr std::array kinds{JobKind::digest, JobKind::fingerprint,    JobKind::compare,
                           JobKind::encode, JobKind::picture_digest, JobKind::thumbnail};

/// By the first byte: which message it is, and for an answer which job was asked.
void read(std::uint8_t choice, MessageBytes message) {
  if (choice == 0xff) {
    const auto hello = decode_hello(message);
    if (const auto* found = std::get_if<Hello>(&hello))
      must(decode_hello(encode_hello(*found)) == hello);
    return;
  }
  if (choice >= 0xfd) {
    const auto job = decode_job(message, choice - std::size_t{0xfc});
    if (const auto* found = std::get_if<Job>(&job))
      must(decode_job(encode_job(*found), descriptor_count_of(found->kind)) == job);
    return;
  }
  Job asked;
  asked.id = 1;
  asked.kind = kinds[choice % kinds.size()];
  asked.measures.features = (choice & 0x40) != 0;
  asked.measures.embedding = (choice & 0x80) != 0;
  const auto answer = decode_answer(message, asked);
  if (const auto* found = std::get_if<Answer>(&answer)) {
    const auto written = encode_answer(asked.id, *found);
    must(written.size() <= max_message_bytes);
    must(std::holds_alternative<Answer>(decode_answer(written, asked)));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 0) read(data[0], MessageBytes(data + 1, size - 1));
  return 0;
}
