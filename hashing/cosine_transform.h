// SPDX-License-Identifier: Apache-2.0
// The discrete cosine transform, rounded as SciPy rounds it.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace imgdedup::hashing {

/// The DCT-II y[k] = 2 sum x[n] cos(pi k (2n + 1) / (2N)) of N = 32 or 64 samples (N. Ahmed et al.,
/// "Discrete Cosine Transform", IEEE Trans. Computers C-23, 1974) by way of a real Fourier
/// transform (P. N. Swarztrauber, "Vectorizing the FFTs", 1982: FFTPACK's cosqb), which is the way
/// of scipy.fftpack.dct. Each sum is taken in the order that it has there, so that the results are
/// equal to the last bit: where a coefficient equals the median, as in pictures that are flat or
/// symmetrical, the rounding decides the bit of a hash. Any thread.
class CosineTransform {
 public:
  /// size: a power of two, 4..1024.
  explicit CosineTransform(std::size_t size);

  /// values: `size` of them, transformed in place.
  void apply(std::span<double> values) const;

 private:
  struct Stage {
    std::size_t radix;
    /// cos and sin of each branch but the first, in pairs.
    std::vector<double> twiddles;
  };

  std::size_t size_;
  std::vector<double> twiddles_;
  std::vector<Stage> stages_;
};

}  // namespace imgdedup::hashing
