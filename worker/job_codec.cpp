// SPDX-License-Identifier: Apache-2.0
// Hello and Job as messages and back.
#include "worker/job_codec.h"

#include <string_view>
#include <utility>

#include "worker/wire.h"

namespace imgdedup::worker {
namespace {

constexpr std::uint32_t hello_magic = 0x48444D49;  // "IMDH"
constexpr std::uint32_t job_magic = 0x4A444D49;    // "IMDJ"

constexpr auto last_job_kind = static_cast<std::uint8_t>(JobKind::thumbnail);

void put(WireWriter& out, const matching::HashDefinition& definition) {
  const auto& [library, kind, size] = definition;
  out.put(static_cast<std::uint8_t>(library));
  out.put(static_cast<std::uint8_t>(kind));
  out.put(static_cast<std::uint8_t>(size));
}

/// Nothing for a definition that there is not.
std::optional<matching::HashDefinition> take_definition(WireReader& in) {
  const auto library = in.take<std::uint8_t>();
  const auto kind = in.take<std::uint8_t>();
  const auto size = in.take<std::uint8_t>();
  const matching::HashDefinition definition{static_cast<matching::HashLibrary>(library),
                                            static_cast<matching::HashKind>(kind),
                                            static_cast<matching::HashSize>(size)};
  if (definition.library > matching::HashLibrary::imagehash ||
      definition.kind > matching::HashKind::whash ||
      (definition.size != matching::HashSize::eight &&
       definition.size != matching::HashSize::sixteen))
    return std::nullopt;
  return definition;
}

ProtocolError error(std::string_view what) { return {std::string(what)}; }

}  // namespace

std::size_t descriptor_count_of(JobKind kind) { return kind == JobKind::compare ? 2 : 1; }

std::string printable_line(std::string_view text, std::size_t max_bytes) {
  std::string line(text.substr(0, max_bytes));
  for (char& character : line)
    if (character < ' ' || character > '~') character = character == '\n' ? ' ' : '?';
  return line;
}

std::vector<std::uint8_t> encode_hello(const Hello& hello) {
  WireWriter out;
  out.put(hello_magic);
  out.put(protocol_version);
  out.put(static_cast<std::uint16_t>(matching::fingerprint_version));
  const auto network = hello.network.value_or(matching::EmbeddingModelIdentity{});
  out.put(static_cast<std::uint16_t>(network.value_count));
  out.put(network.digest.bytes);
  for (const bool layer : {hello.sandbox.no_new_privileges, hello.sandbox.landlock,
                           hello.sandbox.system_call_filter, hello.sandbox.limits})
    out.put(static_cast<std::uint8_t>(layer));
  return std::move(out).take();
}

std::variant<Hello, ProtocolError> decode_hello(MessageBytes message) {
  WireReader in(message);
  if (in.take<std::uint32_t>() != hello_magic) return error("it did not say hello");
  const auto protocol = in.take<std::uint16_t>();
  const auto fingerprint = in.take<std::uint16_t>();
  if (protocol != protocol_version || fingerprint != matching::fingerprint_version)
    return error("it is of another version of this program");
  matching::EmbeddingModelIdentity network;
  network.value_count = in.take<std::uint16_t>();
  in.take_into(network.digest.bytes);
  Hello hello;
  for (bool* layer : {&hello.sandbox.no_new_privileges, &hello.sandbox.landlock,
                      &hello.sandbox.system_call_filter, &hello.sandbox.limits}) {
    const auto said = in.take<std::uint8_t>();
    if (said > 1) return error("a hello with a layer that neither holds nor not");
    *layer = said == 1;
  }
  if (!in.complete()) return error("a hello of a wrong length");
  if (network.value_count == 0) return hello;
  if (network.value_count < 2 || network.value_count > matching::max_embedding_values)
    return error("a hello with a network of an impossible output");
  hello.network = network;
  return hello;
}

std::vector<std::uint8_t> encode_job(const Job& job) {
  WireWriter out;
  out.put(job_magic);
  out.put(protocol_version);
  out.put(job.id);
  out.put(static_cast<std::uint8_t>(job.kind));
  out.put(job.limits.max_file_bytes);
  out.put(job.limits.max_pixels);
  out.put(job.memory_bytes);
  out.put(static_cast<std::uint8_t>(job.measures.features));
  out.put(static_cast<std::uint8_t>(job.measures.embedding));
  out.put(static_cast<std::uint8_t>(job.measures.features_unless_near));
  put(out, job.definition);
  out.put(job.thumbnail_side_pixels);
  return std::move(out).take();
}

std::variant<Job, ProtocolError> decode_job(MessageBytes message, std::size_t descriptor_count) {
  WireReader in(message);
  if (in.take<std::uint32_t>() != job_magic) return error("not a job");
  if (in.take<std::uint16_t>() != protocol_version) return error("a job of another version");
  Job job;
  job.id = in.take<std::uint64_t>();
  const auto kind = in.take<std::uint8_t>();
  job.limits.max_file_bytes = in.take<std::uint64_t>();
  job.limits.max_pixels = in.take<std::uint64_t>();
  job.memory_bytes = in.take<std::uint64_t>();
  const auto features = in.take<std::uint8_t>();
  const auto embedding = in.take<std::uint8_t>();
  const auto unless_near = in.take<std::uint8_t>();
  const auto definition = take_definition(in);
  job.thumbnail_side_pixels = in.take<std::uint16_t>();
  if (!in.complete()) return error("a job of a wrong length");
  if (!definition) return error("an unknown definition of a hash");
  job.definition = *definition;
  if (job.thumbnail_side_pixels < 1 || job.thumbnail_side_pixels > max_thumbnail_side_pixels)
    return error("a job with an impossible thumbnail size");
  if (kind > last_job_kind) return error("an unknown kind of job");
  job.kind = static_cast<JobKind>(kind);
  if (features > 1 || embedding > 1 || unless_near > 1) return error("neither asked for nor not");
  job.measures = {features == 1, embedding == 1, unless_near == 1};
  if (descriptor_count != descriptor_count_of(job.kind))
    return error("a job with a wrong number of descriptors");
  return job;
}

}  // namespace imgdedup::worker
