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

PerceptualHash average_hash(const LanczosSource& picture) {
  const cv::Mat grey = resized_grey(picture, hash_side, hash_side);
  std::array<int, 64> samples{};
  std::copy_n(grey.ptr<std::uint8_t>(), samples.size(), samples.begin());
  int sum = 0;
  for (const int sample : samples) sum += sample;
  return pack(samples, [sum](int sample) { return sample * 64 >= sum; });
}

PerceptualHash difference_hash(const LanczosSource& picture) {
  const cv::Mat grey = resized_grey(picture, hash_side + 1, hash_side);
  std::array<int, 64> steps{};
  for (int y = 0; y < hash_side; ++y) {
    const auto* row = grey.ptr<std::uint8_t>(y);
    for (int x = 0; x < hash_side; ++x)
      steps[static_cast<std::size_t>(y * hash_side + x)] = row[x + 1] - row[x];
  }
  return pack(steps, [](int step) { return step > 0; });
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

PerceptualHash dct_hash(const LanczosSource& picture) {
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
  std::array<double, 64> sorted = coefficients;
  const double median = middle(std::span(sorted).subspan(1), 31);
  return pack(coefficients, [median](double value) { return value >= median; });
}

/// A Haar approximation is, up to a factor, the mean of a block: 3 levels make blocks of 8 x 8.
PerceptualHash wavelet_hash(const LanczosSource& picture) {
  constexpr int side = 64;
  constexpr int block = side / hash_side;
  const cv::Mat grey = resized_grey(picture, side, side);
  std::array<std::uint32_t, 64> sums{};
  for (int y = 0; y < side; ++y) {
    const auto* row = grey.ptr<std::uint8_t>(y);
    for (int x = 0; x < hash_side; ++x) {
      std::uint32_t sum = 0;
      for (int i = 0; i < block; ++i) sum += row[x * block + i];
      sums[static_cast<std::size_t>(y / block * hash_side + x)] += sum;
    }
  }
  std::array<std::uint32_t, 64> sorted = sums;
  std::sort(sorted.begin(), sorted.end());
  const std::uint32_t twice_median = sorted[31] + sorted[32];
  return pack(sums, [twice_median](std::uint32_t sum) { return 2 * sum >= twice_median; });
}

}  // namespace

matching::PerceptualHashes perceptual_hashes(const LanczosSource& picture) {
  return {average_hash(picture), difference_hash(picture), dct_hash(picture),
          wavelet_hash(picture)};
}

}  // namespace imgdedup::hashing
