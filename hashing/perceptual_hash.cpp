// SPDX-License-Identifier: Apache-2.0
// The service's four perceptual hashes, by the definitions of imagededup.
#include "hashing/perceptual_hash.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <span>

#include <opencv2/core.hpp>

#include "hashing/lanczos.h"
#include "hashing/reduction.h"

namespace imgdedup::hashing {
namespace {

using matching::PerceptualHash;
using matching::PerceptualHashes;
using matching::Turn;

constexpr int hash_side = 8;

cv::Mat resized_grey(const LanczosSource& picture, int width, int height) {
  return reduce_to_grey(picture.resized(width, height), 255, 1, AlphaRule::dropped);
}

/// One bit an element, the first one most significant.
template <typename Value, typename Predicate>
PerceptualHash pack(const std::array<Value, 64>& values, Predicate is_set) {
  PerceptualHash hash;
  for (const Value& value : values) hash.bits = hash.bits << 1 | (is_set(value) ? 1U : 0U);
  return hash;
}

/// What the hashes of a picture are decided by, row by row; and those of the picture turned.
struct HashSamples {
  std::array<int, 64> means{};            ///< of 8 x 8 cells
  std::array<int, 64> steps_across{};     ///< from each of 9 x 8 cells to the one right of it
  std::array<int, 64> steps_down{};       ///< from each of 8 x 9 cells to the one below it
  std::array<double, 64> coefficients{};  ///< row: frequency along y, column: along x
  std::array<std::uint32_t, 64> blocks{};
};

constexpr std::size_t cell(int x, int y) { return static_cast<std::size_t>(y * hash_side + x); }

std::array<int, 64> mean_samples(const LanczosSource& picture) {
  const cv::Mat grey = resized_grey(picture, hash_side, hash_side);
  std::array<int, 64> samples{};
  std::copy_n(grey.ptr<std::uint8_t>(), samples.size(), samples.begin());
  return samples;
}

std::array<int, 64> steps_across(const LanczosSource& picture) {
  const cv::Mat grey = resized_grey(picture, hash_side + 1, hash_side);
  std::array<int, 64> steps{};
  for (int y = 0; y < hash_side; ++y) {
    const auto* row = grey.ptr<std::uint8_t>(y);
    for (int x = 0; x < hash_side; ++x) steps[cell(x, y)] = row[x + 1] - row[x];
  }
  return steps;
}

std::array<int, 64> steps_down(const LanczosSource& picture) {
  const cv::Mat grey = resized_grey(picture, hash_side, hash_side + 1);
  std::array<int, 64> steps{};
  for (int y = 0; y < hash_side; ++y) {
    const auto* row = grey.ptr<std::uint8_t>(y);
    const auto* next = grey.ptr<std::uint8_t>(y + 1);
    for (int x = 0; x < hash_side; ++x) steps[cell(x, y)] = next[x] - row[x];
  }
  return steps;
}

constexpr int dct_side = 32;

/// cos(pi (2 x + 1) k / 64) for the 8 lowest frequencies k.
using CosineTable = std::array<std::array<double, dct_side>, hash_side>;

CosineTable make_cosine_table() {
  CosineTable table{};
  for (int k = 0; k < hash_side; ++k)
    for (int x = 0; x < dct_side; ++x)
      table[static_cast<std::size_t>(k)][static_cast<std::size_t>(x)] =
          std::cos(std::numbers::pi * (2 * x + 1) * k / (2 * dct_side));
  return table;
}

double middle(std::span<double> values, std::size_t rank) {
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(rank);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

std::array<double, 64> dct_coefficients(const LanczosSource& picture) {
  static const CosineTable cosines = make_cosine_table();
  const cv::Mat grey = resized_grey(picture, dct_side, dct_side);
  std::array<std::array<double, dct_side>, hash_side> along_columns{};
  for (std::size_t k = 0; k < hash_side; ++k)
    for (std::size_t y = 0; y < dct_side; ++y) {
      const auto* row = grey.ptr<std::uint8_t>(static_cast<int>(y));
      for (std::size_t x = 0; x < dct_side; ++x) along_columns[k][x] += cosines[k][y] * row[x];
    }
  std::array<double, 64> coefficients{};
  for (std::size_t k = 0; k < hash_side; ++k)
    for (std::size_t l = 0; l < hash_side; ++l) {
      double sum = 0;
      for (std::size_t x = 0; x < dct_side; ++x) sum += cosines[l][x] * along_columns[k][x];
      coefficients[k * hash_side + l] = sum;
    }
  return coefficients;
}

/// A Haar approximation is, up to a factor, the mean of a block: 3 levels make blocks of 8 x 8.
std::array<std::uint32_t, 64> block_sums(const LanczosSource& picture) {
  constexpr int side = 64;
  constexpr int block = side / hash_side;
  const cv::Mat grey = resized_grey(picture, side, side);
  std::array<std::uint32_t, 64> sums{};
  for (int y = 0; y < side; ++y) {
    const auto* row = grey.ptr<std::uint8_t>(y);
    for (int x = 0; x < hash_side; ++x) {
      std::uint32_t sum = 0;
      for (int i = 0; i < block; ++i) sum += row[x * block + i];
      sums[cell(x, y / block)] += sum;
    }
  }
  return sums;
}

HashSamples samples_of(const LanczosSource& picture) {
  HashSamples samples;
  samples.means = mean_samples(picture);
  samples.steps_across = steps_across(picture);
  samples.coefficients = dct_coefficients(picture);
  samples.blocks = block_sums(picture);
  return samples;
}

PerceptualHashes hashes_from(const HashSamples& samples) {
  int sum = 0;
  for (const int sample : samples.means) sum += sample;
  std::array<double, 64> sorted = samples.coefficients;
  const double median = middle(std::span(sorted).subspan(1), 31);
  std::array<std::uint32_t, 64> sorted_blocks = samples.blocks;
  std::sort(sorted_blocks.begin(), sorted_blocks.end());
  const std::uint32_t twice_median = sorted_blocks[31] + sorted_blocks[32];
  return {pack(samples.means, [sum](int sample) { return sample * 64 >= sum; }),
          pack(samples.steps_across, [](int step) { return step > 0; }),
          pack(samples.coefficients, [median](double value) { return value >= median; }),
          pack(samples.blocks,
               [twice_median](std::uint32_t block) { return 2 * block >= twice_median; })};
}

/// Where the axes of the turned picture come from.
struct Axes {
  bool are_exchanged;     ///< along x lies what lay along y
  bool x_runs_backwards;  ///< along the axis that x comes from
  bool y_runs_backwards;
};

Axes axes_of(Turn turn) {
  switch (turn) {
    case Turn::rotated_90:
      return {true, true, false};
    case Turn::rotated_180:
      return {false, true, true};
    case Turn::rotated_270:
      return {true, false, true};
    case Turn::mirrored:
      return {false, true, false};
    case Turn::mirrored_rotated_90:
      return {true, true, true};
    case Turn::mirrored_rotated_180:
      return {false, false, true};
    case Turn::mirrored_rotated_270:
      return {true, false, false};
  }
  return {};
}

HashSamples turned(const HashSamples& samples, Axes axes) {
  HashSamples result;
  for (int y = 0; y < hash_side; ++y)
    for (int x = 0; x < hash_side; ++x) {
      const int along_x = axes.x_runs_backwards ? hash_side - 1 - x : x;
      const int along_y = axes.y_runs_backwards ? hash_side - 1 - y : y;
      const std::size_t to = cell(x, y);
      const std::size_t from = axes.are_exchanged ? cell(along_y, along_x) : cell(along_x, along_y);
      result.means[to] = samples.means[from];
      result.blocks[to] = samples.blocks[from];
      const int step = axes.are_exchanged ? samples.steps_down[from] : samples.steps_across[from];
      result.steps_across[to] = axes.x_runs_backwards ? -step : step;
      // Backwards, a cosine of an odd frequency changes its sign.
      const double coefficient = samples.coefficients[axes.are_exchanged ? cell(y, x) : to];
      const bool changes_sign =
          (axes.x_runs_backwards && x % 2 == 1) != (axes.y_runs_backwards && y % 2 == 1);
      result.coefficients[to] = changes_sign ? -coefficient : coefficient;
    }
  return result;
}

}  // namespace

PerceptualHashes perceptual_hashes(const LanczosSource& picture) {
  return hashes_from(samples_of(picture));
}

AllTurnsHashes perceptual_hashes_of_all_turns(const LanczosSource& picture) {
  HashSamples samples = samples_of(picture);
  samples.steps_down = steps_down(picture);
  AllTurnsHashes result{hashes_from(samples), {}};
  for (std::size_t i = 0; i < matching::turn_count; ++i)
    result.turned[i] = hashes_from(turned(samples, axes_of(static_cast<Turn>(i))));
  return result;
}

}  // namespace imgdedup::hashing
