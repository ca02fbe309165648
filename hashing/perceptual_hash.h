// SPDX-License-Identifier: Apache-2.0
// The service's four perceptual hashes, by the definitions of imagededup.
#pragma once

#include <array>
#include <cstdint>

#include "hashing/lanczos.h"
#include "matching/fingerprint.h"
#include "matching/local_features.h"

namespace imgdedup::hashing {

/// What the service knows a picture by. The picture is resized by LanczosSource and turned grey,
/// then, row by row, most significant bit first:
/// - ahash: 8x8, sample >= mean.
/// - dhash: 9x8 (width x height), sample > its left neighbour.
/// - phash: 32x32, two-dimensional DCT-II (N. Ahmed et al., "Discrete Cosine Transform", IEEE
/// Trans.
///   Computers C-23, 1974), its 8x8 lowest frequencies, coefficient >= median of the 63 without DC.
/// - whash: 64x64, 3 levels of the Haar wavelet (A. Haar, 1910), the 8x8 approximation,
///   coefficient >= median.
///
/// The definitions of imagededup, but that the picture is a reduced one and whash is made from
/// 64x64 samples instead of 256x256. For imagededup's own see library_hash().
///
/// `picture`: CV_8UC3 (BGR) or CV_8UC1. Of a picture without any detail the bits of phash are
/// decided by rounding. Any thread.
matching::PerceptualHashes perceptual_hashes(const LanczosSource& picture);

struct AllTurnsHashes {
  matching::PerceptualHashes as_shown;  ///< digit for digit perceptual_hashes()
  /// By matching::Turn: what the turned picture would have, but for rounding.
  std::array<matching::PerceptualHashes, matching::turn_count> turned;
};

/// The hashes of the picture and of the picture turned and mirrored, for little more than the
/// former: a turn only exchanges, or negates, what they are decided by. Any thread.
AllTurnsHashes perceptual_hashes_of_all_turns(const LanczosSource& picture);

}  // namespace imgdedup::hashing
