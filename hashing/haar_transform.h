// SPDX-License-Identifier: Apache-2.0
// The two-dimensional Haar wavelet transform, rounded as PyWavelets rounds it.
#pragma once

#include <span>

namespace imgdedup::hashing {

/// A square of side * side samples, row by row, side a power of two. Transforms it in place, level
/// by level (A. Haar, "Zur Theorie der orthogonalen Funktionensysteme", 1910; S. Mallat's pyramid):
/// after n levels its upper left corner of side >> n holds the approximation, each sum of two
/// samples times 1/sqrt(2). Columns first, then rows, and each operation in double, as
/// pywt.wavedec2(..., "haar") has it: equal to the last bit, which decides where coefficients tie
/// with their median. levels: 0 to log2(side). Any thread.
void haar_forward(std::span<double> samples, int side, int levels);
/// Back again, as pywt.waverec2 does it: rows first.
void haar_backward(std::span<double> samples, int side, int levels);

}  // namespace imgdedup::hashing
