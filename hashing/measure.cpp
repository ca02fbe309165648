// SPDX-License-Identifier: Apache-2.0
// The bytes of one image -> Measurement; of two images -> Comparison.
#include "hashing/measure.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include <opencv2/core.hpp>

#include "hashing/comparison.h"
#include "hashing/decoding_memory.h"
#include "hashing/detail.h"
#include "hashing/edit_comparison.h"
#include "hashing/embedding.h"
#include "hashing/image_decoder.h"
#include "hashing/image_header.h"
#include "hashing/local_features.h"
#include "hashing/perceptual_hash.h"
#include "hashing/picture_digest.h"
#include "hashing/sample_digest.h"
#include "hashing/without_throwing.h"
#include "matching/near_confirmation.h"

namespace imgdedup::hashing {
namespace {

using matching::Comparison;
using matching::Embedding;
using matching::Fingerprint;
using matching::Measurement;
using matching::Measures;
using matching::Refusal;

/// In colour, at the smallest scale that suffices for the network's input.
Outcome<Embedding> embed(Bytes file, const ImageHeader& header, EmbeddingNetwork& network) {
  const std::uint64_t longer = std::max(header.width, header.height);
  const std::uint64_t shorter = std::min(header.width, header.height);
  const std::uint64_t long_side = longer * static_cast<unsigned>(network.short_side()) / shorter;
  const auto picture = decode_reduced_bgr(
      file, header, static_cast<int>(std::clamp<std::uint64_t>(long_side, 1, longer)));
  if (const auto* refusal = std::get_if<Refusal>(&picture)) return *refusal;
  return network.embed(std::get<cv::Mat>(picture));
}

Outcome<GreyPictures> decode_grey(Bytes file, const ImageHeader& header, const Measures& measures) {
  if (measures.features) return decode_for_features(file, header);
  auto decoded = decode_reduced_grey(file, header);
  if (auto* refusal = std::get_if<Refusal>(&decoded)) return std::move(*refusal);
  return GreyPictures{std::get<cv::Mat>(decoded), {}};
}

Outcome<Measurement> measure(Bytes file, const DecodeLimits& limits, const Measures& measures,
                             EmbeddingNetwork* network) {
  const auto read = read_permitted_header(file, limits);
  if (const auto* refusal = std::get_if<Refusal>(&read)) return *refusal;
  const auto& header = std::get<ImageHeader>(read);
  auto decoded = decode_grey(file, header, measures);
  if (auto* refusal = std::get_if<Refusal>(&decoded)) return std::move(*refusal);
  const auto& [grey, for_features] = std::get<GreyPictures>(decoded);

  Measurement measurement;
  Fingerprint& fingerprint = measurement.fingerprint;
  fingerprint.content_digest = digest_of(file);
  fingerprint.size_bytes = file.size();
  fingerprint.format = header.format;
  fingerprint.width_pixels = header.shown_width();
  fingerprint.height_pixels = header.shown_height();
  const LanczosSource source(grey);
  if (measures.features) {
    const AllTurnsHashes hashes = perceptual_hashes_of_all_turns(source);
    fingerprint.hashes = hashes.as_shown;
    measurement.features = {local_features_of(for_features), hashes.turned};
  } else {
    fingerprint.hashes = perceptual_hashes(source);
  }
  fingerprint.reduced_picture_digest = digest_of_picture(grey);
  // One page says nothing about the others, so pages are never alike by look.
  if (header.pictures == PictureCount::one) fingerprint.detail = detail_of(source, grey.size());
  if (measures.embedding) {
    assert(network != nullptr);
    auto embedding = embed(file, header, *network);
    if (auto* refusal = std::get_if<Refusal>(&embedding)) return std::move(*refusal);
    measurement.embedding = std::get<Embedding>(std::move(embedding));
  }
  return measurement;
}

double aspect_of(const ImageHeader& header) {
  return static_cast<double>(header.shown_width()) / header.shown_height();
}

bool may_be_same_picture(const ImageHeader& left, const ImageHeader& right,
                         const Comparison& looks) {
  // Equal samples reduced by different decoders (a scaled JPEG, a mean of cells) differ by little.
  constexpr double most_by_reduction = 4;
  return left.shown_width() == right.shown_width() && left.shown_height() == right.shown_height() &&
         left.coverage == Coverage::whole && right.coverage == Coverage::whole &&
         left.pictures == PictureCount::one && right.pictures == PictureCount::one &&
         looks.tone_difference <= most_by_reduction;
}

/// How much smaller than shown a picture was decoded.
double reduction_of(const cv::Mat& decoded, const ImageHeader& header) {
  return std::sqrt(static_cast<double>(decoded.total()) /
                   (static_cast<double>(header.shown_width()) * header.shown_height()));
}

/// Looks for an edit; what cannot be decoded a second time is a Refusal.
std::optional<Refusal> add_edit(Bytes left, Bytes right, const ImageHeader& left_header,
                                const ImageHeader& right_header, Comparison& result) {
  // One page says nothing about the others.
  if (left_header.pictures != PictureCount::one || right_header.pictures != PictureCount::one)
    return std::nullopt;
  auto left_grey = decode_grey_at(left, left_header, edit_long_side);
  if (auto* refusal = std::get_if<Refusal>(&left_grey)) return std::move(*refusal);
  auto right_grey = decode_grey_at(right, right_header, edit_long_side);
  if (auto* refusal = std::get_if<Refusal>(&right_grey)) return std::move(*refusal);
  const auto &left_seen = std::get<cv::Mat>(left_grey), &right_seen = std::get<cv::Mat>(right_grey);
  result.edit = compare_edit(left_seen, right_seen);
  if (result.edit)
    result.edit->scale *=
        reduction_of(left_seen, left_header) / reduction_of(right_seen, right_header);
  return std::nullopt;
}

Outcome<Comparison> compare(Bytes left, Bytes right, const DecodeLimits& limits,
                            const Measures& measures) {
  const auto left_read = read_permitted_header(left, limits);
  const auto right_read = read_permitted_header(right, limits);
  if (const auto* refusal = std::get_if<Refusal>(&left_read)) return *refusal;
  if (const auto* refusal = std::get_if<Refusal>(&right_read)) return *refusal;
  const auto& left_header = std::get<ImageHeader>(left_read);
  const auto& right_header = std::get<ImageHeader>(right_read);

  Comparison result;
  result.left_digest = digest_of(left);
  result.right_digest = digest_of(right);
  const double quotient = aspect_of(left_header) / aspect_of(right_header);
  result.aspect_ratio_quotient = std::max(quotient, 1 / quotient);

  auto left_small = decode_reduced_bgr(left, left_header, comparison_decode_long_side);
  if (auto* refusal = std::get_if<Refusal>(&left_small)) return std::move(*refusal);
  auto right_small = decode_reduced_bgr(right, right_header, comparison_decode_long_side);
  if (auto* refusal = std::get_if<Refusal>(&right_small)) return std::move(*refusal);
  compare_looks(std::get<cv::Mat>(left_small), std::get<cv::Mat>(right_small), result);

  if (measures.features && !(measures.features_unless_near && confirms_near_at_any_detail(result)))
    if (auto refusal = add_edit(left, right, left_header, right_header, result)) return *refusal;
  if (!may_be_same_picture(left_header, right_header, result)) return result;
  // One after the other, so that no two pictures lie in memory at once.
  const SampleKey key = SampleKey::random();
  SampleDigest left_samples(key, left_header.orientation);
  SampleDigest right_samples(key, right_header.orientation);
  if (auto refusal = give_full(left, left_header, left_samples)) return std::move(*refusal);
  if (auto refusal = give_full(right, right_header, right_samples)) return std::move(*refusal);
  result.same_pixels = left_samples.shown_size() == right_samples.shown_size() &&
                       left_samples.value() == right_samples.value();
  return result;
}

}  // namespace

std::variant<Measurement, Refusal> measure_image(Bytes file, const DecodeLimits& limits,
                                                 const Measures& measures,
                                                 EmbeddingNetwork* network) {
  return without_throwing<Measurement>([&] { return measure(file, limits, measures, network); });
}

std::variant<Comparison, Refusal> compare_images(Bytes left, Bytes right,
                                                 const DecodeLimits& limits,
                                                 const Measures& measures) {
  return without_throwing<Comparison>([&] { return compare(left, right, limits, measures); });
}

}  // namespace imgdedup::hashing
