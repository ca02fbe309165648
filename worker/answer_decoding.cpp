// SPDX-License-Identifier: Apache-2.0
// Messages as answers, if they are: a worker's word is a stranger's.
#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include "worker/answer_message.h"
#include "worker/job_codec.h"
#include "worker/wire.h"

namespace imgdedup::worker {
namespace {

using matching::Comparison;
using matching::EditComparison;
using matching::Embedding;
using matching::Fingerprint;
using matching::LocalFeature;
using matching::LocalFeatures;
using matching::Measurement;
using matching::PerceptualHashes;
using matching::PictureFeatures;
using matching::Refusal;
using matching::RefusalReason;
using matching::Thumbnail;

constexpr auto last_format = static_cast<std::uint8_t>(matching::last_image_format);
constexpr auto last_reason = static_cast<std::uint8_t>(RefusalReason::out_of_memory);

/// SSIM is a mean of doubles and may leave its range by a rounding error.
constexpr double rounding = 1e-6;
/// Two chroma planes, each up to 255 apart, and one of them made stronger.
constexpr double max_colour_difference = 1000;
/// Comparing looks for more features than are kept of a picture.
constexpr std::uint32_t max_inliers = 10'000;

bool within(double value, double low, double high) {
  return std::isfinite(value) && value >= low - rounding && value <= high + rounding;
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

void take(WireReader& in, PerceptualHashes& hashes) {
  for (auto* hash : {&hashes.ahash, &hashes.dhash, &hashes.phash, &hashes.whash})
    hash->bits = in.take<std::uint64_t>();
}

std::optional<ProtocolError> take_fingerprint(WireReader& in, const Job& asked,
                                              Fingerprint& answer) {
  in.take_into(answer.content_digest.bytes);
  answer.size_bytes = in.take<std::uint64_t>();
  const auto format = in.take<std::uint8_t>();
  answer.width_pixels = in.take<std::uint32_t>();
  answer.height_pixels = in.take<std::uint32_t>();
  take(in, answer.hashes);
  answer.reduced_picture_digest = in.take<std::uint64_t>();
  answer.detail = in.take_float();
  if (format > last_format) return error("an unknown image format");
  answer.format = static_cast<matching::ImageFormat>(format);
  if (answer.size_bytes == 0 || answer.size_bytes > asked.limits.max_file_bytes)
    return error("an impossible file size");
  const auto pixels = std::uint64_t{answer.width_pixels} * answer.height_pixels;
  if (pixels == 0 || pixels > asked.limits.max_pixels) return error("an impossible picture size");
  if (!std::isfinite(answer.detail) || answer.detail < 0) return error("an impossible detail");
  return std::nullopt;
}

std::optional<ProtocolError> take_features(WireReader& in, PictureFeatures& answer) {
  for (PerceptualHashes& hashes : answer.turned_hashes) take(in, hashes);
  LocalFeatures& local = answer.local;
  local.width_pixels = in.take<std::uint16_t>();
  local.height_pixels = in.take<std::uint16_t>();
  const auto count = in.take<std::uint16_t>();
  if (local.width_pixels > matching::max_feature_picture_side ||
      local.height_pixels > matching::max_feature_picture_side)
    return error("a feature picture of an impossible size");
  if (count > matching::max_local_features) return error("too many local features");
  local.features.resize(count);
  for (LocalFeature& feature : local.features) {
    feature.x_sixteenths = in.take<std::uint16_t>();
    feature.y_sixteenths = in.take<std::uint16_t>();
    feature.direction = in.take<std::uint8_t>();
    feature.level = in.take<std::uint8_t>();
    for (std::uint64_t& word : feature.descriptor) word = in.take<std::uint64_t>();
    if (feature.x_sixteenths >= local.width_pixels * 16 ||
        feature.y_sixteenths >= local.height_pixels * 16)
      return error("a local feature outside its picture");
    if (feature.level >= matching::max_feature_levels)
      return error("a local feature of an impossible level");
  }
  return std::nullopt;
}

std::optional<ProtocolError> take_embedding(WireReader& in, Embedding& answer) {
  const auto count = in.take<std::uint16_t>();
  if (count == 0 || count > matching::max_embedding_values)
    return error("an embedding of an impossible length");
  answer.values.resize(count);
  double square = 0;
  for (float& value : answer.values) {
    value = in.take_float();
    square += double{value} * double{value};
  }
  // Zeros where the message is too short have no length either.
  constexpr double tolerance = 1e-3;
  if (!(std::abs(square - 1) <= tolerance)) return error("an embedding whose length is not 1");
  return std::nullopt;
}

std::variant<Answer, ProtocolError> take_measurement(WireReader& in, const Job& asked) {
  Measurement answer;
  if (const auto wrong = take_fingerprint(in, asked, answer.fingerprint)) return *wrong;
  if (asked.measures.features)
    if (const auto wrong = take_features(in, answer.features.emplace())) return *wrong;
  if (asked.measures.embedding)
    if (const auto wrong = take_embedding(in, answer.embedding.emplace())) return *wrong;
  if (!in.complete()) return error("a measurement of a wrong length");
  return answer;
}

std::optional<ProtocolError> take_edit(WireReader& in, EditComparison& answer) {
  const auto inliers = in.take<std::uint32_t>();
  for (double* measure :
       {&answer.matched_share, &answer.spread, &answer.overlap_ssim, &answer.agreeing_area,
        &answer.agreeing_detail, &answer.detail_ssim, &answer.fidelity, &answer.lowest_tile_ssim,
        &answer.detail, &answer.left_overlap, &answer.right_overlap, &answer.scale, &answer.stretch,
        &answer.rotation_degrees})
    *measure = in.take_double();
  const auto mirrored = in.take<std::uint8_t>();
  constexpr double most_detail = 16;
  if (inliers > max_inliers || mirrored > 1 || !within(answer.overlap_ssim, -1, 1) ||
      !within(answer.detail_ssim, -1, 1) || !within(answer.lowest_tile_ssim, -1, 1) ||
      !within(answer.detail, 0, most_detail) || !within(answer.rotation_degrees, 0, 360) ||
      !std::isfinite(answer.scale) || answer.scale <= 0 || !std::isfinite(answer.stretch) ||
      answer.stretch < 1 - rounding)
    return error("an impossible edit");
  for (const double share :
       {answer.matched_share, answer.spread, answer.agreeing_area, answer.agreeing_detail,
        answer.fidelity, answer.left_overlap, answer.right_overlap})
    if (!within(share, 0, 1)) return error("an impossible share in an edit");
  answer.inliers = static_cast<int>(inliers);
  answer.mirrored = mirrored == 1;
  return std::nullopt;
}

std::variant<Answer, ProtocolError> take_comparison(WireReader& in, const Job& asked) {
  Comparison answer;
  in.take_into(answer.left_digest.bytes);
  in.take_into(answer.right_digest.bytes);
  const auto same_pixels = in.take<std::uint8_t>();
  answer.ssim = in.take_double();
  answer.lowest_tile_ssim = in.take_double();
  answer.aspect_ratio_quotient = in.take_double();
  answer.tone_difference = in.take_double();
  answer.colour_difference = in.take_double();
  const auto has_edit = in.take<std::uint8_t>();
  if (has_edit > (asked.measures.features ? 1 : 0)) return error("an edit that nobody asked for");
  if (has_edit == 1)
    if (const auto wrong = take_edit(in, answer.edit.emplace())) return *wrong;
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

std::variant<Answer, ProtocolError> take_encoded_hash(WireReader& in, const Job& asked) {
  matching::EncodedHash answer;
  const auto size = in.take<std::uint8_t>();
  for (auto& word : answer.words) word = in.take<std::uint64_t>();
  if (!in.complete()) return error("a hash of a wrong length");
  if (size != static_cast<std::uint8_t>(asked.definition.size))
    return error("a hash of another size than was asked for");
  answer.size = asked.definition.size;
  for (std::size_t i = words_of(answer.size); i < answer.words.size(); ++i)
    if (answer.words[i] != 0) return error("a hash with more bits than its size");
  return answer;
}

std::variant<Answer, ProtocolError> take_thumbnail(WireReader& in, const Job& asked) {
  Thumbnail answer;
  for (auto* side : {&answer.width_pixels, &answer.height_pixels, &answer.picture_width_pixels,
                     &answer.picture_height_pixels})
    *side = in.take<std::uint32_t>();
  const auto fits_in = [](std::uint32_t side, std::uint32_t limit) {
    return side >= 1 && side <= limit;
  };
  const std::uint32_t limit = asked.thumbnail_side_pixels;
  if (!fits_in(answer.width_pixels, std::min(limit, answer.picture_width_pixels)) ||
      !fits_in(answer.height_pixels, std::min(limit, answer.picture_height_pixels)))
    return error("a thumbnail of an impossible size");
  if (std::uint64_t{answer.picture_width_pixels} * answer.picture_height_pixels >
      asked.limits.max_pixels)
    return error("an impossible picture size");
  const auto bgr = in.take_bytes(std::size_t{3} * answer.width_pixels * answer.height_pixels);
  if (!in.complete()) return error("a thumbnail of a wrong length");
  answer.bgr.assign(bgr.begin(), bgr.end());
  return answer;
}

std::variant<Answer, ProtocolError> take_memory_need(WireReader& in, const Job& asked) {
  const MemoryNeed answer{in.take<std::uint64_t>()};
  if (!in.complete()) return error("a need of memory of a wrong length");
  if (answer.bytes <= asked.memory_bytes) return error("a need of memory that was met");
  return answer;
}

bool fits(AnswerKind answer, JobKind job) {
  switch (answer) {
    case AnswerKind::digest:
      return job == JobKind::digest || job == JobKind::picture_digest;
    case AnswerKind::measurement:
      return job == JobKind::fingerprint;
    case AnswerKind::comparison:
      return job == JobKind::compare;
    case AnswerKind::refusal:
    case AnswerKind::memory_need:
      return true;
    case AnswerKind::encoded_hash:
      return job == JobKind::encode;
    case AnswerKind::thumbnail:
      return job == JobKind::thumbnail;
  }
  return false;
}

}  // namespace

std::variant<Answer, ProtocolError> decode_answer(MessageBytes message, const Job& asked) {
  WireReader in(message);
  if (in.take<std::uint32_t>() != answer_magic) return error("not an answer");
  if (in.take<std::uint16_t>() != protocol_version) return error("an answer of another version");
  if (in.take<std::uint64_t>() != asked.id) return error("an answer to another job");
  const auto kind = in.take<std::uint8_t>();
  if (kind > static_cast<std::uint8_t>(AnswerKind::memory_need))
    return error("an unknown kind of answer");
  if (!fits(AnswerKind{kind}, asked.kind)) return error("an answer to another kind of job");
  switch (AnswerKind{kind}) {
    case AnswerKind::digest:
      return take_digest(in, asked);
    case AnswerKind::measurement:
      return take_measurement(in, asked);
    case AnswerKind::comparison:
      return take_comparison(in, asked);
    case AnswerKind::encoded_hash:
      return take_encoded_hash(in, asked);
    case AnswerKind::thumbnail:
      return take_thumbnail(in, asked);
    case AnswerKind::memory_need:
      return take_memory_need(in, asked);
    case AnswerKind::refusal:
      break;
  }
  return take_refusal(in);
}

}  // namespace imgdedup::worker
