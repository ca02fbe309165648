// SPDX-License-Identifier: Apache-2.0
// A picture of any sample type, row by row -> 8-bit grey or BGR, smaller by whole factors.
#include "hashing/reduction.h"

#include <algorithm>
#include <utility>

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
void row_to_bgr(const std::uint8_t* samples, int width, int channels, SampleScale scale,
                AlphaRule rule, std::uint8_t* out) {
  const auto* in = reinterpret_cast<const Sample*>(samples);
  for (int x = 0; x < width; ++x, in += channels, out += 3) {
    const std::uint32_t alpha = channels == 4 && rule == AlphaRule::on_white ? scale(in[3]) : 255;
    for (int channel = 0; channel < 3; ++channel)
      out[channel] = on_white(scale(in[channels == 1 ? 0 : channel]), alpha);
  }
}

void row_to_grey(const std::uint8_t* bgr, int width, std::uint8_t* out) {
  for (int x = 0; x < width; ++x, bgr += 3) out[x] = grey_of(bgr[2], bgr[1], bgr[0]);
}

template <int channels>
void add_row(const std::uint8_t* row, int width, int factor, std::uint32_t* sums) {
  for (int x = 0; x < width; sums += channels) {
    const int end = std::min(width, x + factor);
    for (; x < end; ++x, row += channels)
      for (int channel = 0; channel < channels; ++channel) sums[channel] += row[channel];
  }
}

void add_apart(const RowPart& part, int factor, int channels, std::uint32_t* sums) {
  const std::uint8_t* sample = part.samples;
  for (int i = 0, x = part.first_x; i < part.count; ++i, x += part.step_x, sample += channels) {
    std::uint32_t* const cell = sums + x / factor * channels;
    for (int channel = 0; channel < channels; ++channel) cell[channel] += sample[channel];
  }
}

int cells_along(int side, int factor) { return (side + factor - 1) / factor; }

cv::Mat reduce(const cv::Mat& decoded, ReducedColour colour, std::uint32_t max_sample, int factor,
               AlphaRule alpha) {
  Reduction reduction(colour, max_sample, alpha, {[factor](cv::Size) { return factor; }});
  give_rows(decoded, reduction);
  return reduction.result();
}

}  // namespace

CellMeans::CellMeans(cv::Size size, int factor, int channels)
    : size_(size), factor_(factor), channels_(channels) {
  const cv::Size cells(cells_along(size.width, factor), cells_along(size.height, factor));
  cells_ = cv::Mat(cells, CV_MAKETYPE(factor == 1 ? CV_8U : CV_32S, channels), cv::Scalar::all(0));
}

void CellMeans::add(const RowPart& part) {
  if (factor_ == 1) {
    const auto bytes = static_cast<std::size_t>(channels_);
    std::uint8_t* out = cells_.ptr(part.y, part.first_x);
    const std::uint8_t* in = part.samples;
    if (part.step_x == 1) {
      std::copy_n(in, bytes * static_cast<std::size_t>(part.count), out);
      return;
    }
    for (int i = 0; i < part.count;
         ++i, in += bytes, out += bytes * static_cast<std::size_t>(part.step_x))
      std::copy_n(in, bytes, out);
    return;
  }
  auto* sums = cells_.ptr<std::uint32_t>(part.y / factor_);
  if (part.step_x != 1 || part.first_x != 0)
    add_apart(part, factor_, channels_, sums);
  else if (channels_ == 1)
    add_row<1>(part.samples, part.count, factor_, sums);
  else
    add_row<3>(part.samples, part.count, factor_, sums);
}

cv::Mat CellMeans::means() const {
  if (factor_ == 1) return cells_;
  cv::Mat means(cells_.size(), CV_8UC(channels_));
  for (int y = 0; y < means.rows; ++y) {
    const auto* sums = cells_.ptr<std::uint32_t>(y);
    auto* out = means.ptr<std::uint8_t>(y);
    const int rows = std::min(size_.height, (y + 1) * factor_) - y * factor_;
    for (int x = 0; x < means.cols; ++x) {
      const int columns = std::min(size_.width, (x + 1) * factor_) - x * factor_;
      const auto count = static_cast<std::uint32_t>(columns * rows);
      for (int channel = 0; channel < channels_; ++channel) {
        const int at = x * channels_ + channel;
        out[at] = static_cast<std::uint8_t>((sums[at] + count / 2) / count);
      }
    }
  }
  return means;
}

Reduction::Reduction(ReducedColour colour, std::uint32_t max_sample, AlphaRule alpha,
                     std::vector<FactorRule> rules)
    : colour_(colour), max_sample_(max_sample), alpha_(alpha), rules_(std::move(rules)) {}

void Reduction::begin(cv::Size size, int type) {
  size_ = size;
  type_ = type;
  means_.clear();
  for (const FactorRule& rule : rules_)
    means_.emplace_back(size, rule(size), colour_ == ReducedColour::grey ? 1 : 3);
  bgr_.resize(static_cast<std::size_t>(size.width) * 3);
  grey_.resize(static_cast<std::size_t>(size.width));
}

void Reduction::add(const RowPart& part) {
  RowPart eight_bits = part;
  eight_bits.samples = converted(part);
  for (CellMeans& means : means_) means.add(eight_bits);
}

/// Converts only what is not there yet.
const std::uint8_t* Reduction::converted(const RowPart& part) {
  if (type_ == (colour_ == ReducedColour::grey ? CV_8UC1 : CV_8UC3)) return part.samples;
  const std::uint8_t* bgr = bgr_.data();
  const SampleScale scale{max_sample_};
  if (type_ == CV_8UC3)
    bgr = part.samples;
  else if (CV_MAT_DEPTH(type_) == CV_8U)
    row_to_bgr<std::uint8_t>(part.samples, part.count, CV_MAT_CN(type_), scale, alpha_,
                             bgr_.data());
  else
    row_to_bgr<std::uint16_t>(part.samples, part.count, CV_MAT_CN(type_), scale, alpha_,
                              bgr_.data());
  if (colour_ == ReducedColour::bgr) return bgr;
  row_to_grey(bgr, part.count, grey_.data());
  return grey_.data();
}

cv::Mat reduce_to_grey(const cv::Mat& decoded, std::uint32_t max_sample, int factor,
                       AlphaRule alpha) {
  if (factor == 1 && decoded.type() == CV_8UC1) return decoded;
  return reduce(decoded, ReducedColour::grey, max_sample, factor, alpha);
}

cv::Mat reduce_to_bgr(const cv::Mat& decoded, std::uint32_t max_sample, int factor,
                      AlphaRule alpha) {
  if (factor == 1 && decoded.type() == CV_8UC3) return decoded;
  return reduce(decoded, ReducedColour::bgr, max_sample, factor, alpha);
}

}  // namespace imgdedup::hashing
