// SPDX-License-Identifier: Apache-2.0
// A transform that nearly leads one picture into another -> one that does.
#include "hashing/alignment.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "hashing/coarse_to_fine.h"

namespace imgdedup::hashing {
namespace {

using matching::AffineTransform;

/// The small movement of the frame that takes away most of the difference.
std::optional<AffineTransform> step(const TonedDifference& difference, const cv::Mat& right,
                                    const cv::Mat& mask) {
  cv::Mat along_x, along_y;
  cv::Sobel(right, along_x, CV_32F, 1, 0, 3, 1.0 / 8);
  cv::Sobel(right, along_y, CV_32F, 0, 1, 3, 1.0 / 8);
  const double deviation = std::max(1.0, 3 * difference.typical);
  const double middle_x = right.cols / 2.0, middle_y = right.rows / 2.0;
  // By slope along x with itself, x with y, y with y, and the rest with either; of each the sums
  // with 1, u, v, uu, uv, vv: all that the products of (u, v, 1) with slopes come to.
  constexpr std::size_t pairs = 5, moments = 6;
  std::array<std::array<double, moments>, pairs> sums{};
  for (int y = 0; y < right.rows; ++y) {
    const auto* dx = along_x.ptr<float>(y);
    const auto* dy = along_y.ptr<float>(y);
    const auto* rest = difference.values.ptr<float>(y);
    const auto* counts = mask.ptr<std::uint8_t>(y);
    const double v = (y - middle_y) / middle_x;
    std::array<std::array<double, 3>, pairs> row{};  // with 1, u, uu
    for (int x = 0; x < right.cols; ++x) {
      if (counts[x] == 0) continue;
      const auto gx = static_cast<double>(dx[x]), gy = static_cast<double>(dy[x]);
      const auto error = static_cast<double>(rest[x]);
      const double relative = error / deviation;
      const double weight = 1 / (1 + relative * relative);
      const double u = (x - middle_x) / middle_x;
      const double along = weight * gx, across = weight * gy;
      const std::array<double, pairs> products{along * gx, along * gy, across * gy, along * error,
                                               across * error};
      for (std::size_t pair = 0; pair < pairs; ++pair) {
        row[pair][0] += products[pair];
        row[pair][1] += products[pair] * u;
        row[pair][2] += products[pair] * u * u;
      }
    }
    for (std::size_t pair = 0; pair < pairs; ++pair) {
      const auto& of = row[pair];
      const std::array<double, moments> weighed{of[0], of[1],     of[0] * v,
                                                of[2], of[1] * v, of[0] * v * v};
      for (std::size_t moment = 0; moment < moments; ++moment)
        sums[pair][moment] += weighed[moment];
    }
  }
  // Which moment the product of two of (u, v, 1) is.
  constexpr std::array<std::array<std::size_t, 3>, 3> moment_of{{{3, 4, 1}, {4, 5, 2}, {1, 2, 0}}};
  cv::Matx66d products;
  cv::Vec6d slopes;
  for (int i = 0; i < 6; ++i) {
    const auto part = static_cast<std::size_t>(i / 3), factor = static_cast<std::size_t>(i % 3);
    slopes[i] = sums[3 + part][moment_of[factor][2]];
    for (int j = 0; j < 6; ++j)
      products(i, j) = sums[part + static_cast<std::size_t>(j / 3)]
                           [moment_of[factor][static_cast<std::size_t>(j % 3)]];
    products(i, i) = products(i, i) * 1.001 + 1e-3;
  }
  cv::Vec6d solution;
  if (!cv::solve(products, slopes, solution, cv::DECOMP_CHOLESKY)) return std::nullopt;
  // Farther than this the slopes of the samples say nothing.
  constexpr double farthest = 4;
  const double longest = std::max(cv::norm(solution, cv::NORM_INF), 1e-12);
  if (longest > farthest) solution *= farthest / longest;
  AffineTransform moved{1 + solution[0] / middle_x, solution[1] / middle_x,     0,
                        solution[3] / middle_x,     1 + solution[4] / middle_x, 0};
  moved.dx = solution[2] - (moved.xx - 1) * middle_x - moved.xy * middle_y;
  moved.dy = solution[5] - moved.yx * middle_x - (moved.yy - 1) * middle_y;
  return moved;
}

std::optional<AffineTransform> next(const AffineTransform& tried, const TonedDifference& difference,
                                    const cv::Mat& right, const cv::Mat& mask) {
  const auto moved = step(difference, right, mask);
  if (!moved) return std::nullopt;
  const AffineTransform result = moved->then(tried);
  if (!(result.scale() > 0.05 && result.scale() < 50)) return std::nullopt;
  return result;
}

std::optional<double> weight(int shared, int first, cv::Size frame) {
  if (shared < frame.area() / 8) return std::nullopt;
  const double lost = std::max(1.0, static_cast<double>(first) / shared);
  return lost * lost * lost * lost;
}

}  // namespace

AffineTransform aligned(const cv::Mat& left, const AffineTransform& transform,
                        const std::function<cv::Mat(const AffineTransform&)>& picture_through,
                        const std::function<cv::Mat(const AffineTransform&)>& mask_through,
                        std::initializer_list<double> smoothings) {
  return coarse_to_fine<AffineTransform>(
      left, transform, {picture_through, mask_through, weight, 0.999, next}, smoothings);
}

}  // namespace imgdedup::hashing
