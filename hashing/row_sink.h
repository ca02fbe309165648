// SPDX-License-Identifier: Apache-2.0
// Takes a picture part by part, so that nobody has to hold all of it.
#pragma once

#include <cstdint>

#include <opencv2/core/mat.hpp>

namespace imgdedup::hashing {

/// Pixels of one row, `step_x` apart, the first at `first_x`.
struct RowPart {
  int y = 0;
  int first_x = 0;
  int step_x = 1;
  int count = 0;                          ///< pixels, >= 1
  const std::uint8_t* samples = nullptr;  ///< of `count` pixels side by side; aligned to its type
};

/// A decoder says begin() once, then gives every pixel once, in any order: an interlaced PNG comes
/// in seven passes. Any thread, one at a time.
class RowSink {
 public:
  virtual ~RowSink() = default;

  /// type: CV_8U or CV_16U with 1, 3 (BGR) or 4 (BGRA, straight alpha) channels.
  virtual void begin(cv::Size size, int type) = 0;
  virtual void add(const RowPart& part) = 0;
};

/// Gives all rows of `picture` to `sink`.
void give_rows(const cv::Mat& picture, RowSink& sink);

/// Keeps the picture as it comes.
class WholePicture final : public RowSink {
 public:
  void begin(cv::Size size, int type) override;
  void add(const RowPart& part) override;

  [[nodiscard]] const cv::Mat& picture() const { return picture_; }

 private:
  cv::Mat picture_;
};

}  // namespace imgdedup::hashing
