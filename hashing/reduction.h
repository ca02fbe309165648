// SPDX-License-Identifier: Apache-2.0
// A picture of any sample type, row by row -> 8-bit grey or BGR, smaller by whole factors.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <opencv2/core/mat.hpp>

#include "hashing/row_sink.h"

namespace imgdedup::hashing {

/// What becomes of transparency.
enum class AlphaRule : std::uint8_t {
  on_white,  ///< laid on white: what viewers and converters to JPEG mostly show
  dropped,   ///< ignored, as imagededup does; shows colours hidden under full transparency
};

/// Grey of one 8-bit colour: ITU-R BT.601 in 16-bit fixed point, rounded, as Pillow's "L".
constexpr std::uint8_t grey_of(std::uint32_t red, std::uint32_t green, std::uint32_t blue) {
  return static_cast<std::uint8_t>((19595 * red + 38470 * green + 7471 * blue + 0x8000) >> 16);
}

/// The rounded means of the cells of a picture: factor x factor pixels each, fewer at the right and
/// lower edge. Holds four bytes for each sample of the result, not the picture.
class CellMeans {
 public:
  /// channels: 1 or 3; factor >= 1.
  CellMeans(cv::Size size, int factor, int channels);

  /// samples: of 8 bits.
  void add(const RowPart& part);

  /// CV_8UC(channels). Once all pixels have come.
  [[nodiscard]] cv::Mat means() const;

 private:
  cv::Size size_;
  int factor_, channels_;
  cv::Mat cells_;  ///< CV_32S sums; with a factor of 1 the samples themselves
};

enum class ReducedColour : std::uint8_t { grey, bgr };

/// Of 16-bit samples the highest 8 bits count (of those that `max_sample` needs), as with Pillow.
class Reduction final : public RowSink {
 public:
  /// How much smaller a picture of that size is to become, >= 1.
  using FactorRule = std::function<int(cv::Size)>;

  /// One result for each of `rules`.
  Reduction(ReducedColour colour, std::uint32_t max_sample, AlphaRule alpha,
            std::vector<FactorRule> rules);

  void begin(cv::Size size, int type) override;
  void add(const RowPart& part) override;

  [[nodiscard]] cv::Size full_size() const { return size_; }
  /// CV_8UC1 or CV_8UC3, BGR, by the rule at `index`. Once all pixels have come.
  [[nodiscard]] cv::Mat result(std::size_t index = 0) const { return means_[index].means(); }

 private:
  const std::uint8_t* converted(const RowPart& part);

  ReducedColour colour_;
  std::uint32_t max_sample_;
  AlphaRule alpha_;
  std::vector<FactorRule> rules_;
  cv::Size size_;
  int type_ = 0;
  std::vector<CellMeans> means_;
  std::vector<std::uint8_t> bgr_, grey_;
};

/// decoded: CV_8U or CV_16U with 1, 3 (BGR) or 4 (BGRA) channels. CV_8UC1, by the rules above.
/// factor >= 1. Any thread.
cv::Mat reduce_to_grey(const cv::Mat& decoded, std::uint32_t max_sample, int factor,
                       AlphaRule alpha);
/// The same with three channels: CV_8UC3, BGR.
cv::Mat reduce_to_bgr(const cv::Mat& decoded, std::uint32_t max_sample, int factor,
                      AlphaRule alpha);

}  // namespace imgdedup::hashing
