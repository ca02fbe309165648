// SPDX-License-Identifier: Apache-2.0
// The four perceptual hashes by the definitions of imagededup.
#pragma once

#include "hashing/lanczos.h"
#include "matching/fingerprint.h"

namespace imgdedup::hashing {

/// The picture is resized by LanczosSource and turned grey, then, row by row, most significant bit
/// first:
/// - ahash: 8x8, sample >= mean.
/// - dhash: 9x8 (width x height), sample > its left neighbour.
/// - phash: 32x32, two-dimensional DCT-II (N. Ahmed et al., "Discrete Cosine Transform", IEEE
/// Trans.
///   Computers C-23, 1974), its 8x8 lowest frequencies, coefficient >= median of the 63 without DC.
/// - whash: 256x256, 5 levels of the Haar wavelet (A. Haar, 1910), the 8x8 approximation,
///   coefficient >= median.
///
/// `picture`: CV_8UC3 (BGR) or CV_8UC1. From a full-size decode without orientation these are the
/// hashes that imagededup writes (see decode_like_imagededup); from decode_reduced_grey they are
/// the service's, a bit or two from those. Any thread.
matching::PerceptualHashes perceptual_hashes(const LanczosSource& picture);

}  // namespace imgdedup::hashing
