// SPDX-License-Identifier: Apache-2.0
// The two-dimensional Haar wavelet transform, rounded as PyWavelets rounds it.
#include "hashing/haar_transform.h"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <vector>

namespace imgdedup::hashing {
namespace {

/// The digits of PyWavelets' filter.
constexpr double scale = 0.7071067811865476;

/// The upper left corner of a square.
struct Corner {
  double* samples;
  std::size_t row_length, side;

  [[nodiscard]] double* row(std::size_t y) const { return samples + y * row_length; }
};

void forward_columns(const Corner& corner, std::vector<double>& details) {
  const std::size_t half = corner.side / 2;
  details.resize(half * corner.side);
  for (std::size_t y = 0; y < half; ++y) {
    const double *upper = corner.row(2 * y), *lower = corner.row(2 * y + 1);
    double *sums = corner.row(y), *differences = &details[y * corner.side];
    for (std::size_t x = 0; x < corner.side; ++x) {
      const double a = scale * upper[x], b = scale * lower[x];
      sums[x] = b + a;
      differences[x] = a - b;
    }
  }
  for (std::size_t y = 0; y < half; ++y)
    std::copy_n(&details[y * corner.side], corner.side, corner.row(half + y));
}

void forward_rows(const Corner& corner, std::vector<double>& details) {
  const std::size_t half = corner.side / 2;
  details.resize(half);
  for (std::size_t y = 0; y < corner.side; ++y) {
    double* const row = corner.row(y);
    for (std::size_t x = 0; x < half; ++x) {
      const double a = scale * row[2 * x], b = scale * row[2 * x + 1];
      row[x] = b + a;
      details[x] = a - b;
    }
    std::ranges::copy(details, row + half);
  }
}

void backward_rows(const Corner& corner, std::vector<double>& whole) {
  const std::size_t half = corner.side / 2;
  whole.resize(corner.side);
  for (std::size_t y = 0; y < corner.side; ++y) {
    double* const row = corner.row(y);
    for (std::size_t x = 0; x < half; ++x) {
      const double sum = scale * row[x], difference = scale * row[half + x];
      whole[2 * x] = sum + difference;
      whole[2 * x + 1] = sum - difference;
    }
    std::ranges::copy(whole, row);
  }
}

void backward_columns(const Corner& corner, std::vector<double>& details) {
  const std::size_t half = corner.side / 2;
  details.resize(half * corner.side);
  for (std::size_t y = 0; y < half; ++y)
    std::copy_n(corner.row(half + y), corner.side, &details[y * corner.side]);
  for (std::size_t y = half; y-- > 0;) {
    const double *sums = corner.row(y), *differences = &details[y * corner.side];
    double *upper = corner.row(2 * y), *lower = corner.row(2 * y + 1);
    for (std::size_t x = 0; x < corner.side; ++x) {
      const double sum = scale * sums[x], difference = scale * differences[x];
      upper[x] = sum + difference;
      lower[x] = sum - difference;
    }
  }
}

}  // namespace

void haar_forward(std::span<double> samples, int side, int levels) {
  const auto length = static_cast<std::size_t>(side);
  assert(samples.size() == length * length);
  std::vector<double> details;
  for (int level = 0; level < levels; ++level) {
    const Corner corner{samples.data(), length, length >> level};
    forward_columns(corner, details);
    forward_rows(corner, details);
  }
}

void haar_backward(std::span<double> samples, int side, int levels) {
  const auto length = static_cast<std::size_t>(side);
  assert(samples.size() == length * length);
  std::vector<double> details;
  for (int level = levels - 1; level >= 0; --level) {
    const Corner corner{samples.data(), length, length >> level};
    backward_rows(corner, details);
    backward_columns(corner, details);
  }
}

}  // namespace imgdedup::hashing
