// SPDX-License-Identifier: Apache-2.0
// A file whose header is known -> its picture, at the size that a measure needs.
#pragma once

#include <optional>

#include <opencv2/core/mat.hpp>

#include "hashing/image_header.h"
#include "hashing/measure.h"
#include "hashing/outcome.h"
#include "hashing/row_sink.h"

namespace imgdedup::hashing {

/// Shortest side, in pixels, below which the picture that hashes are made from is not reduced.
/// Part of fingerprint_version; chosen from the figures in docs/accuracy.md.
inline constexpr int hash_short_side = 160;

/// The picture that hashes are made from: CV_8UC1, as shown, on white where transparent. Its
/// shorter side is `hash_short_side` to twice that, unless the picture is smaller. JPEG decodes at
/// the smallest of 1, 1/2, 1/4, 1/8 whose shorter side is not below `hash_short_side`; then cells
/// of n x n pixels are averaged, n the largest that keeps it. Part of fingerprint_version. Refusals
/// and throws as give_jpeg and decode_with_opencv. Any thread, as all below.
Outcome<cv::Mat> decode_reduced_grey(Bytes file, const ImageHeader& header);

/// The picture that hashes are made from, by the rule above; and one for local features.
struct GreyPictures {
  cv::Mat for_hashes;
  /// CV_8UC1, as shown, on white; its longer side is feature_long_side, or as little as
  /// sufficient_feature_long_side where the scale that serves the hashes gives no more, or less
  /// where the picture is smaller.
  cv::Mat for_features;
};

/// Decodes once where one scale serves both. Otherwise as decode_reduced_grey.
Outcome<GreyPictures> decode_for_features(Bytes file, const ImageHeader& header);

/// CV_8UC1, as shown, on white; its longer side is `long_side` unless the picture is smaller.
Outcome<cv::Mat> decode_grey_at(Bytes file, const ImageHeader& header, int long_side);

/// By the same rule in colour, CV_8UC3 BGR, such that the *longer* side stays >= `long_side`.
Outcome<cv::Mat> decode_reduced_bgr(Bytes file, const ImageHeader& header, int long_side);

/// Gives `sink` all samples as stored: orientation is not applied. Why not, if it cannot.
std::optional<matching::Refusal> give_full(Bytes file, const ImageHeader& header, RowSink& sink);

/// What the Python libraries hash: full size, CV_8UC3 BGR, as stored (no orientation), alpha
/// ignored.
Outcome<cv::Mat> decode_as_stored(Bytes file, const ImageHeader& header);

}  // namespace imgdedup::hashing
