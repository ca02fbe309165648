// SPDX-License-Identifier: Apache-2.0
// The perceptual hashes of imagededup and of imagehash, digit for digit.
#pragma once

#include <variant>

#include <opencv2/core/mat.hpp>

#include "hashing/measure.h"
#include "matching/encoded_hash.h"
#include "matching/refusal.h"

namespace imgdedup::hashing {

/// The hash that the library gives of `picture` (full size, CV_8UC3 BGR or CV_8UC1, not empty).
/// n = 8 or 16, the definition's size; bits row by row, most significant first.
///
/// | | imagededup: resized in colour, then grey | imagehash: grey, then resized |
/// |---|---|---|
/// | ahash | n x n, sample >= mean | n x n, sample > mean |
/// | dhash | n + 1 x n, sample > its left neighbour | the same |
/// | phash | 4n x 4n, DCT-II, n x n lowest frequencies >= median without DC | > median with DC |
/// | whash | 256 x 256, Haar wavelet, n x n approximation >= median | the largest power of two that
///   the shorter side has (n at least), without its overall mean, n x n approximation > median |
///
/// imagededup knows n = 8 only; 16 is the same with larger figures. Resized by LanczosSource. The
/// transforms round as SciPy and PyWavelets do. May throw std::bad_alloc or cv::Exception when
/// memory runs out. Any thread.
matching::EncodedHash library_hash(const cv::Mat& picture, matching::HashDefinition definition);

/// The same of a whole file: decoded at full size, as stored (neither library turns by EXIF), alpha
/// ignored. Refusals as measure_image().
std::variant<matching::EncodedHash, matching::Refusal> encode_image(
    Bytes file, const DecodeLimits& limits, matching::HashDefinition definition);

}  // namespace imgdedup::hashing
