// SPDX-License-Identifier: Apache-2.0
// Hello, Job and Answer as messages and back.
#include "worker/job_codec.h"

#include <cmath>
#include <string_view>
#include <utility>

#include "worker/wire.h"

namespace imgdedup::worker {
namespace {

using matching::Comparison;
using matching::ContentDigest;
using matching::Fingerprint;
using matching::Refusal;
using matching::RefusalReason;

constexpr std::uint32_t hello_magic = 0x48444D49;   // "IMDH"
constexpr std::uint32_t job_magic = 0x4A444D49;     // "IMDJ"
constexpr std::uint32_t answer_magic = 0x41444D49;  // "IMDA"
constexpr std::uint16_t protocol_version = 1;

constexpr auto last_job_kind = static_cast<std::uint8_t>(JobKind::compare);
constexpr auto last_format = static_cast<std::uint8_t>(matching::ImageFormat::jpeg2000);
constexpr auto last_reason = static_cast<std::uint8_t>(RefusalReason::out_of_memory);

/// SSIM is a mean of doubles and may leave its range by a rounding error.
constexpr double rounding = 1e-6;
/// Two chroma planes, each up to 255 apart, and one of them made stronger.
constexpr double max_colour_difference = 1000;

enum class AnswerKind : std::uint8_t { digest, fingerprint, comparison, refusal };

bool within(double value, double low, double high) {
  return std::isfinite(value) && value >= low - rounding && value <= high + rounding;
}

void put(WireWriter& out, const DigestAnswer& answer) {
  out.put(static_cast<std::uint8_t>(AnswerKind::digest));
  out.put(answer.content_digest.bytes);
  out.put(answer.size_bytes);
}

// Bindings, so that a field that is added and not sent here does not compile.
void put(WireWriter& out, const Fingerprint& answer) {
  const auto& [digest, size_bytes, format, width, height, hashes, reduced_digest, detail] = answer;
  out.put(static_cast<std::uint8_t>(AnswerKind::fingerprint));
  out.put(digest.bytes);
  out.put(size_bytes);
  out.put(static_cast<std::uint8_t>(format));
  out.put(width);
  out.put(height);
  for (const auto hash : {hashes.ahash, hashes.dhash, hashes.phash, hashes.whash})
    out.put(hash.bits);
  out.put(reduced_digest);
  out.put(detail);
}

void put(WireWriter& out, const Comparison& answer) {
  const auto& [left, right, same_pixels, ssim, lowest_tile_ssim, aspect_ratio_quotient,
               tone_difference, colour_difference] = answer;
  out.put(static_cast<std::uint8_t>(AnswerKind::comparison));
  out.put(left.bytes);
  out.put(right.bytes);
  out.put(static_cast<std::uint8_t>(same_pixels));
  for (const double measure :
       {ssim, lowest_tile_ssim, aspect_ratio_quotient, tone_difference, colour_difference})
    out.put(measure);
}

void put(WireWriter& out, const Refusal& answer) {
  out.put(static_cast<std::uint8_t>(AnswerKind::refusal));
  out.put(static_cast<std::uint8_t>(answer.reason));
  const auto text = std::string_view(answer.message).substr(0, max_refusal_message_bytes);
  out.put(static_cast<std::uint16_t>(text.size()));
  out.put(text);
}

ProtocolError error(std::string_view what) { return {std::string(what)}; }

std::variant<Answer, ProtocolError> take_digest(WireReader& in, const Job& asked) {
  DigestAnswer answer;
  in.take_into(answer.content_digest.bytes);
  answer.size_bytes = in.take<std::uint64_t>();
  if (!in.complete()) return error("a digest of a wrong length");
  if (answer.size_bytes > asked.limits.max_file_bytes) return error("a file above the limit");
  return answer;
}

std::variant<Answer, ProtocolError> take_fingerprint(WireReader& in, const Job& asked) {
  Fingerprint answer;
  in.take_into(answer.content_digest.bytes);
  answer.size_bytes = in.take<std::uint64_t>();
  const auto format = in.take<std::uint8_t>();
  answer.width_pixels = in.take<std::uint32_t>();
  answer.height_pixels = in.take<std::uint32_t>();
  for (auto* hash :
       {&answer.hashes.ahash, &answer.hashes.dhash, &answer.hashes.phash, &answer.hashes.whash})
    hash->bits = in.take<std::uint64_t>();
  answer.reduced_picture_digest = in.take<std::uint64_t>();
  answer.detail = in.take_float();
  if (!in.complete()) return error("a fingerprint of a wrong length");
  if (format > last_format) return error("an unknown image format");
  answer.format = static_cast<matching::ImageFormat>(format);
  if (answer.size_bytes == 0 || answer.size_bytes > asked.limits.max_file_bytes)
    return error("an impossible file size");
  const auto pixels = std::uint64_t{answer.width_pixels} * answer.height_pixels;
  if (pixels == 0 || pixels > asked.limits.max_pixels) return error("an impossible picture size");
  if (!std::isfinite(answer.detail) || answer.detail < 0) return error("an impossible detail");
  return answer;
}

std::variant<Answer, ProtocolError> take_comparison(WireReader& in) {
  Comparison answer;
  in.take_into(answer.left_digest.bytes);
  in.take_into(answer.right_digest.bytes);
  const auto same_pixels = in.take<std::uint8_t>();
  answer.ssim = in.take_double();
  answer.lowest_tile_ssim = in.take_double();
  answer.aspect_ratio_quotient = in.take_double();
  answer.tone_difference = in.take_double();
  answer.colour_difference = in.take_double();
  if (!in.complete()) return error("a comparison of a wrong length");
  if (same_pixels > 1) return error("neither same pixels nor others");
  answer.same_pixels = same_pixels == 1;
  if (!within(answer.ssim, -1, 1) || !within(answer.lowest_tile_ssim, -1, 1))
    return error("an impossible SSIM");
  if (!std::isfinite(answer.aspect_ratio_quotient) || answer.aspect_ratio_quotient < 1 - rounding)
    return error("an impossible quotient of aspect ratios");
  if (!within(answer.tone_difference, 0, 255)) return error("an impossible tone difference");
  if (!within(answer.colour_difference, 0, max_colour_difference))
    return error("an impossible colour difference");
  return answer;
}

std::variant<Answer, ProtocolError> take_refusal(WireReader& in) {
  const auto reason = in.take<std::uint8_t>();
  const auto text = in.take_bytes(in.take<std::uint16_t>());
  if (!in.complete() || text.size() > max_refusal_message_bytes)
    return error("a refusal of a wrong length");
  if (reason > last_reason) return error("an unknown reason of refusal");
  Refusal answer{static_cast<RefusalReason>(reason), {}};
  if (answer.reason == RefusalReason::timed_out || answer.reason == RefusalReason::crashed)
    return error("a reason of refusal that a worker cannot know");
  answer.message = printable_line({reinterpret_cast<const char*>(text.data()), text.size()},
                                  max_refusal_message_bytes);
  return answer;
}

bool fits(AnswerKind answer, JobKind job) {
  switch (answer) {
    case AnswerKind::digest:
      return job == JobKind::digest;
    case AnswerKind::fingerprint:
      return job == JobKind::fingerprint;
    case AnswerKind::comparison:
      return job == JobKind::compare;
    case AnswerKind::refusal:
      return true;
  }
  return false;
}

}  // namespace

std::size_t descriptor_count_of(JobKind kind) { return kind == JobKind::compare ? 2 : 1; }

std::string printable_line(std::string_view text, std::size_t max_bytes) {
  std::string line(text.substr(0, max_bytes));
  for (char& character : line)
    if (character < ' ' || character > '~') character = character == '\n' ? ' ' : '?';
  return line;
}

std::vector<std::uint8_t> encode_hello() {
  WireWriter out;
  out.put(hello_magic);
  out.put(protocol_version);
  out.put(static_cast<std::uint16_t>(matching::fingerprint_version));
  return std::move(out).take();
}

std::optional<ProtocolError> check_hello(MessageBytes message) {
  WireReader in(message);
  if (in.take<std::uint32_t>() != hello_magic) return error("it did not say hello");
  const auto protocol = in.take<std::uint16_t>();
  const auto fingerprint = in.take<std::uint16_t>();
  if (!in.complete()) return error("a hello of a wrong length");
  if (protocol != protocol_version || fingerprint != matching::fingerprint_version)
    return error("it is of another version of this program");
  return std::nullopt;
}

std::vector<std::uint8_t> encode_job(const Job& job) {
  WireWriter out;
  out.put(job_magic);
  out.put(protocol_version);
  out.put(job.id);
  out.put(static_cast<std::uint8_t>(job.kind));
  out.put(job.limits.max_file_bytes);
  out.put(job.limits.max_pixels);
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
  if (!in.complete()) return error("a job of a wrong length");
  if (kind > last_job_kind) return error("an unknown kind of job");
  job.kind = static_cast<JobKind>(kind);
  if (descriptor_count != descriptor_count_of(job.kind))
    return error("a job with a wrong number of descriptors");
  return job;
}

std::vector<std::uint8_t> encode_answer(std::uint64_t job_id, const Answer& answer) {
  WireWriter out;
  out.put(answer_magic);
  out.put(protocol_version);
  out.put(job_id);
  std::visit([&out](const auto& value) { put(out, value); }, answer);
  return std::move(out).take();
}

std::variant<Answer, ProtocolError> decode_answer(MessageBytes message, const Job& asked) {
  WireReader in(message);
  if (in.take<std::uint32_t>() != answer_magic) return error("not an answer");
  if (in.take<std::uint16_t>() != protocol_version) return error("an answer of another version");
  if (in.take<std::uint64_t>() != asked.id) return error("an answer to another job");
  const auto kind = in.take<std::uint8_t>();
  if (kind > static_cast<std::uint8_t>(AnswerKind::refusal))
    return error("an unknown kind of answer");
  if (!fits(AnswerKind{kind}, asked.kind)) return error("an answer to another kind of job");
  switch (AnswerKind{kind}) {
    case AnswerKind::digest:
      return take_digest(in, asked);
    case AnswerKind::fingerprint:
      return take_fingerprint(in, asked);
    case AnswerKind::comparison:
      return take_comparison(in);
    case AnswerKind::refusal:
      break;
  }
  return take_refusal(in);
}

}  // namespace imgdedup::worker
