// SPDX-License-Identifier: Apache-2.0
// What a picture looks like, as numbers.
#include "batch/appearance.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>

namespace imgdedup::batch {
namespace {

constexpr std::size_t cells = 8;
constexpr std::size_t bins = 4;
/// So that either part decides between alike pictures; chosen by looking at maps of edited ones.
constexpr float weight_of_cells = 2;
/// Colours of photographs are mostly pale.
constexpr float colour_gain = 1.6F;

/// Luma and colour differences, each 0..1.
using Sample = std::array<float, 3>;

Sample sample_at(const matching::Thumbnail& picture, std::size_t x, std::size_t y) {
  const auto* const bgr = picture.bgr.data() + 3 * (y * picture.width_pixels + x);
  const auto blue = static_cast<float>(bgr[0]) / 255;
  const auto green = static_cast<float>(bgr[1]) / 255;
  const auto red = static_cast<float>(bgr[2]) / 255;
  const float luma = 0.299F * red + 0.587F * green + 0.114F * blue;
  return {luma, 0.5F + 0.564F * (blue - luma), 0.5F + 0.713F * (red - luma)};
}

/// Shares its weight of 1 among the eight bins around the sample.
void count_in_bins(const Sample& sample, std::span<float> histogram) {
  std::array<std::size_t, 3> lower{};
  std::array<float, 3> part_above{};
  for (std::size_t c = 0; c < 3; ++c) {
    const float stretched = c == 0 ? sample[c] : 0.5F + colour_gain * (sample[c] - 0.5F);
    const float place = std::clamp(stretched, 0.0F, 1.0F) * (bins - 1);
    lower[c] = std::min(static_cast<std::size_t>(place), bins - 2);
    part_above[c] = place - static_cast<float>(lower[c]);
  }
  for (std::size_t corner = 0; corner < 8; ++corner) {
    float share = 1;
    std::size_t bin = 0;
    for (std::size_t c = 0; c < 3; ++c) {
      const std::size_t above = corner >> c & 1U;
      share *= above != 0 ? part_above[c] : 1 - part_above[c];
      bin = bin * bins + lower[c] + above;
    }
    histogram[bin] += share;
  }
}

}  // namespace

Appearance appearance_of(const matching::Thumbnail& picture) {
  Appearance appearance{};
  const std::size_t width = picture.width_pixels;
  const std::size_t height = picture.height_pixels;

  // Cells of a small picture overlap: each has a pixel at least.
  const auto begin = [](std::size_t cell, std::size_t side) { return cell * side / cells; };
  const auto end = [](std::size_t cell, std::size_t side) {
    return ((cell + 1) * side + cells - 1) / cells;
  };
  for (std::size_t row = 0; row < cells; ++row)
    for (std::size_t column = 0; column < cells; ++column) {
      Sample sum{};
      for (std::size_t y = begin(row, height); y < end(row, height); ++y)
        for (std::size_t x = begin(column, width); x < end(column, width); ++x) {
          const Sample sample = sample_at(picture, x, y);
          for (std::size_t c = 0; c < 3; ++c) sum[c] += sample[c];
        }
      const auto count = static_cast<float>((end(row, height) - begin(row, height)) *
                                            (end(column, width) - begin(column, width)));
      for (std::size_t c = 0; c < 3; ++c)
        appearance[(row * cells + column) * 3 + c] = weight_of_cells / cells * sum[c] / count;
    }

  const auto histogram = std::span(appearance).subspan(cells * cells * 3);
  for (std::size_t y = 0; y < height; ++y)
    for (std::size_t x = 0; x < width; ++x) count_in_bins(sample_at(picture, x, y), histogram);
  for (float& bin : histogram) bin = std::sqrt(bin / static_cast<float>(width * height));
  return appearance;
}

}  // namespace imgdedup::batch
