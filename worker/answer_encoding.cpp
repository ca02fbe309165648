// SPDX-License-Identifier: Apache-2.0
// Answers as messages.
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
using matching::Measurement;
using matching::PerceptualHashes;
using matching::PictureFeatures;
using matching::Refusal;
using matching::Thumbnail;

void put(WireWriter& out, const DigestAnswer& answer) {
  out.put(static_cast<std::uint8_t>(AnswerKind::digest));
  out.put(answer.content_digest.bytes);
  out.put(answer.size_bytes);
}

void put(WireWriter& out, const PerceptualHashes& hashes) {
  for (const auto hash : {hashes.ahash, hashes.dhash, hashes.phash, hashes.whash})
    out.put(hash.bits);
}

// Bindings, so that a field that is added and not sent here does not compile.
void put(WireWriter& out, const Fingerprint& answer) {
  const auto& [digest, size_bytes, format, width, height, hashes, reduced_digest, detail] = answer;
  out.put(digest.bytes);
  out.put(size_bytes);
  out.put(static_cast<std::uint8_t>(format));
  out.put(width);
  out.put(height);
  put(out, hashes);
  out.put(reduced_digest);
  out.put(detail);
}

void put(WireWriter& out, const PictureFeatures& features) {
  const auto& [local, turned_hashes] = features;
  for (const PerceptualHashes& hashes : turned_hashes) put(out, hashes);
  out.put(local.width_pixels);
  out.put(local.height_pixels);
  out.put(static_cast<std::uint16_t>(local.features.size()));
  for (const LocalFeature& feature : local.features) {
    const auto& [x, y, direction, level, descriptor] = feature;
    out.put(x);
    out.put(y);
    out.put(direction);
    out.put(level);
    for (const std::uint64_t word : descriptor) out.put(word);
  }
}

void put(WireWriter& out, const Embedding& embedding) {
  out.put(static_cast<std::uint16_t>(embedding.values.size()));
  for (const float value : embedding.values) out.put(value);
}

void put(WireWriter& out, const Measurement& answer) {
  const auto& [fingerprint, features, embedding] = answer;
  out.put(static_cast<std::uint8_t>(AnswerKind::measurement));
  put(out, fingerprint);
  if (features) put(out, *features);
  if (embedding) put(out, *embedding);
}

void put(WireWriter& out, const EditComparison& edit) {
  const auto& [inliers, matched_share, spread, overlap_ssim, agreeing_area, agreeing_detail,
               detail_ssim, fidelity, lowest_tile_ssim, detail, left_overlap, right_overlap, scale,
               stretch, rotation_degrees, mirrored] = edit;
  out.put(static_cast<std::uint32_t>(inliers));
  for (const double measure :
       {matched_share, spread, overlap_ssim, agreeing_area, agreeing_detail, detail_ssim, fidelity,
        lowest_tile_ssim, detail, left_overlap, right_overlap, scale, stretch, rotation_degrees})
    out.put(measure);
  out.put(static_cast<std::uint8_t>(mirrored));
}

void put(WireWriter& out, const Comparison& answer) {
  const auto& [left, right, same_pixels, ssim, lowest_tile_ssim, aspect_ratio_quotient,
               tone_difference, colour_difference, edit] = answer;
  out.put(static_cast<std::uint8_t>(AnswerKind::comparison));
  out.put(left.bytes);
  out.put(right.bytes);
  out.put(static_cast<std::uint8_t>(same_pixels));
  for (const double measure :
       {ssim, lowest_tile_ssim, aspect_ratio_quotient, tone_difference, colour_difference})
    out.put(measure);
  out.put(static_cast<std::uint8_t>(edit.has_value()));
  if (edit) put(out, *edit);
}

void put(WireWriter& out, const Refusal& answer) {
  out.put(static_cast<std::uint8_t>(AnswerKind::refusal));
  out.put(static_cast<std::uint8_t>(answer.reason));
  const auto text = std::string_view(answer.message).substr(0, max_refusal_message_bytes);
  out.put(static_cast<std::uint16_t>(text.size()));
  out.put(text);
}

void put(WireWriter& out, const matching::EncodedHash& answer) {
  const auto& [size, words] = answer;
  out.put(static_cast<std::uint8_t>(AnswerKind::encoded_hash));
  out.put(static_cast<std::uint8_t>(size));
  for (const std::uint64_t word : words) out.put(word);
}

void put(WireWriter& out, const Thumbnail& answer) {
  const auto& [width, height, picture_width, picture_height, bgr] = answer;
  out.put(static_cast<std::uint8_t>(AnswerKind::thumbnail));
  for (const std::uint32_t side : {width, height, picture_width, picture_height}) out.put(side);
  out.put(bgr);
}

void put(WireWriter& out, const MemoryNeed& answer) {
  out.put(static_cast<std::uint8_t>(AnswerKind::memory_need));
  out.put(answer.bytes);
}

}  // namespace

std::vector<std::uint8_t> encode_answer(std::uint64_t job_id, const Answer& answer) {
  WireWriter out;
  out.put(answer_magic);
  out.put(protocol_version);
  out.put(job_id);
  std::visit([&out](const auto& value) { put(out, value); }, answer);
  return std::move(out).take();
}

}  // namespace imgdedup::worker
