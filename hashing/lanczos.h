// SPDX-License-Identifier: Apache-2.0
// Lanczos resampling in the fixed-point arithmetic of Pillow, so that hashes come out equal.
#pragma once

#include <opencv2/core/mat.hpp>

namespace imgdedup::hashing {

/// A picture that is resized, to one size or several, with the Lanczos kernel of radius 3, widened
/// by the scale when shrinking; first along rows, then along columns, each rounded to 8 bits; a
/// direction that keeps its size is left alone. Weights have 22 fractional bits. Equal bit for bit
/// to Image.resize(..., LANCZOS) of Pillow (python-pillow/Pillow, src/libImaging/Resample.c
/// describes the arithmetic). Kernel: C. E. Duchon, "Lanczos Filtering in One and Two Dimensions",
/// Journal of Applied Meteorology 18, 1979. Any thread.
class LanczosSource {
 public:
  /// picture: CV_8UC1 or CV_8UC3, not empty; copied.
  explicit LanczosSource(const cv::Mat& picture);

  /// width, height >= 1. Type as the source.
  [[nodiscard]] cv::Mat resized(int width, int height) const;

 private:
  cv::Mat transposed_;
};

}  // namespace imgdedup::hashing
