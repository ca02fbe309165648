// SPDX-License-Identifier: Apache-2.0
// A decoded picture of any sample type -> 8-bit grey or BGR, smaller by a whole factor.
#include "hashing/reduction.h"

#include <algorithm>
#include <vector>

#include <opencv2/core.hpp>

namespace imgdedup::hashing {
namespace {

struct SampleScale {
  std::uint32_t max_sample;

  [[nodiscard]] std::uint32_t operator()(std::uint8_t sample) const { return sample; }
  [[nodiscard]] std::uint32_t operator()(std::uint16_t sample) const {
    return std::min<std::uint32_t>(255, sample * 256U / (max_sample + 1));
  }
};

std::uint8_t on_white(std::uint32_t colour, std::uint32_t alpha) {
  return static_cast<std::uint8_t>((colour * alpha + 255 * (255 - alpha) + 127) / 255);
}

template <typename Sample>
void row_to_bgr(const cv::Mat& decoded, int y, SampleScale scale, AlphaRule rule,
                std::uint8_t* out) {
  const auto* in = decoded.ptr<Sample>(y);
  const int channels = decoded.channels();
  for (int x = 0; x < decoded.cols; ++x, in += channels, out += 3) {
    const std::uint32_t alpha = channels == 4 && rule == AlphaRule::on_white ? scale(in[3]) : 255;
    for (int channel = 0; channel < 3; ++channel)
      out[channel] = on_white(scale(in[channels == 1 ? 0 : channel]), alpha);
  }
}

void row_to_grey(const std::uint8_t* bgr, int width, std::uint8_t* out) {
  for (int x = 0; x < width; ++x, bgr += 3) out[x] = grey_of(bgr[2], bgr[1], bgr[0]);
}

/// Gives the 8-bit rows of a picture one after the other, converting only what is not 8 bits yet.
class RowSource {
 public:
  RowSource(const cv::Mat& decoded, std::uint32_t max_sample, AlphaRule alpha, int channels)
      : decoded_(decoded), scale_{max_sample}, alpha_(alpha), channels_(channels) {
    const auto width = static_cast<std::size_t>(decoded.cols);
    bgr_.resize(width * 3);
    grey_.resize(width);
  }

  const std::uint8_t* row(int y) {
    if (decoded_.depth() == CV_8U && decoded_.channels() == channels_)
      return decoded_.ptr<std::uint8_t>(y);
    const std::uint8_t* bgr = bgr_.data();
    if (decoded_.type() == CV_8UC3)
      bgr = decoded_.ptr<std::uint8_t>(y);
    else if (decoded_.depth() == CV_8U)
      row_to_bgr<std::uint8_t>(decoded_, y, scale_, alpha_, bgr_.data());
    else
      row_to_bgr<std::uint16_t>(decoded_, y, scale_, alpha_, bgr_.data());
    if (channels_ == 3) return bgr;
    row_to_grey(bgr, decoded_.cols, grey_.data());
    return grey_.data();
  }

 private:
  const cv::Mat& decoded_;
  SampleScale scale_;
  AlphaRule alpha_;
  int channels_;
  std::vector<std::uint8_t> bgr_, grey_;
};

template <int channels>
void add_row(const std::uint8_t* row, int width, int factor, std::uint32_t* sums) {
  for (int x = 0; x < width; sums += channels) {
    const int end = std::min(width, x + factor);
    for (; x < end; ++x, row += channels)
      for (int channel = 0; channel < channels; ++channel) sums[channel] += row[channel];
  }
}

template <int channels>
cv::Mat reduce(const cv::Mat& decoded, std::uint32_t max_sample, int factor, AlphaRule alpha) {
  const int width = (decoded.cols + factor - 1) / factor;
  const int height = (decoded.rows + factor - 1) / factor;
  cv::Mat reduced(height, width, CV_8UC(channels));
  RowSource source(decoded, max_sample, alpha, channels);
  std::vector<std::uint32_t> sums(static_cast<std::size_t>(width) * channels);
  for (int y = 0; y < height; ++y) {
    auto* out = reduced.ptr<std::uint8_t>(y);
    if (factor == 1) {
      std::copy_n(source.row(y), sums.size(), out);
      continue;
    }
    const int first_row = y * factor, end_row = std::min(decoded.rows, first_row + factor);
    std::fill(sums.begin(), sums.end(), 0);
    for (int row = first_row; row < end_row; ++row)
      add_row<channels>(source.row(row), decoded.cols, factor, sums.data());
    for (int x = 0; x < width; ++x) {
      const int columns = std::min(decoded.cols, (x + 1) * factor) - x * factor;
      const auto count = static_cast<std::uint32_t>(columns * (end_row - first_row));
      for (int channel = 0; channel < channels; ++channel) {
        const auto at = static_cast<std::size_t>(x * channels + channel);
        out[at] = static_cast<std::uint8_t>((sums[at] + count / 2) / count);
      }
    }
  }
  return reduced;
}

}  // namespace

cv::Mat reduce_to_grey(const cv::Mat& decoded, std::uint32_t max_sample, int factor,
                       AlphaRule alpha) {
  return factor == 1 && decoded.type() == CV_8UC1 ? decoded
                                                  : reduce<1>(decoded, max_sample, factor, alpha);
}

cv::Mat reduce_to_bgr(const cv::Mat& decoded, std::uint32_t max_sample, int factor,
                      AlphaRule alpha) {
  return factor == 1 && decoded.type() == CV_8UC3 ? decoded
                                                  : reduce<3>(decoded, max_sample, factor, alpha);
}

}  // namespace imgdedup::hashing
