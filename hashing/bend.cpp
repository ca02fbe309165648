// SPDX-License-Identifier: Apache-2.0
// A smooth bend of a picture: what a tilted camera, a scanner or a lens does to it.
#include "hashing/bend.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "hashing/coarse_to_fine.h"

namespace imgdedup::hashing {
namespace {

using Terms = std::array<double, Bend::terms>;

Terms terms_at(double u, double v) {
  const double rr = u * u + v * v;
  return {1, u, v, u * u, u * v, v * v, u * rr, v * rr};
}

/// The small change of the bend that takes away most of the difference (least squares, what does
/// not fit counting less).
std::optional<Bend> step(const TonedDifference& difference, const cv::Mat& right,
                         const cv::Mat& mask) {
  cv::Mat along_x, along_y;
  cv::Sobel(right, along_x, CV_32F, 1, 0, 3, 1.0 / 8);
  cv::Sobel(right, along_y, CV_32F, 0, 1, 3, 1.0 / 8);
  const double deviation = std::max(1.0, 3 * difference.typical);
  const double middle_x = right.cols / 2.0, middle_y = right.rows / 2.0;
  constexpr int unknowns = 2 * Bend::terms;
  // Neighbours say nearly the same: every second sample of every second row is enough.
  constexpr int stride = 2;
  cv::Matx<double, unknowns, unknowns> products;
  cv::Matx<double, unknowns, 1> slopes;
  std::array<double, unknowns> factors{};
  for (int y = 0; y < right.rows; y += stride) {
    const auto* dx = along_x.ptr<float>(y);
    const auto* dy = along_y.ptr<float>(y);
    const auto* rest = difference.values.ptr<float>(y);
    const auto* counts = mask.ptr<std::uint8_t>(y);
    const double v = (y - middle_y) / middle_x;
    for (int x = 0; x < right.cols; x += stride) {
      if (counts[x] == 0) continue;
      const auto error = static_cast<double>(rest[x]);
      const double relative = error / deviation;
      const double weight = 1 / (1 + relative * relative);
      const Terms terms = terms_at((x - middle_x) / middle_x, v);
      for (std::size_t i = 0; i < Bend::terms; ++i) {
        factors[i] = static_cast<double>(dx[x]) * terms[i];
        factors[Bend::terms + i] = static_cast<double>(dy[x]) * terms[i];
      }
      for (int i = 0; i < unknowns; ++i) {
        const double weighed = weight * factors[static_cast<std::size_t>(i)];
        slopes(i) += weighed * error;
        for (int j = i; j < unknowns; ++j)
          products(i, j) += weighed * factors[static_cast<std::size_t>(j)];
      }
    }
  }
  for (int i = 0; i < unknowns; ++i) {
    for (int j = 0; j < i; ++j) products(i, j) = products(j, i);
    products(i, i) = products(i, i) * 1.001 + 1e-3;
  }
  cv::Matx<double, unknowns, 1> solution;
  if (!cv::solve(products, slopes, solution, cv::DECOMP_CHOLESKY)) return std::nullopt;
  // Farther than this the slopes of the samples say nothing.
  constexpr double farthest = 4;
  const double longest = cv::norm(solution, cv::NORM_INF);
  if (longest > farthest) solution *= farthest / longest;
  Bend change;
  for (std::size_t i = 0; i < Bend::terms; ++i) {
    change.x[i] = solution(static_cast<int>(i));
    change.y[i] = solution(static_cast<int>(Bend::terms + i));
  }
  return change;
}

Bend sum(Bend a, const Bend& b) {
  for (std::size_t i = 0; i < Bend::terms; ++i) {
    a.x[i] += b.x[i];
    a.y[i] += b.y[i];
  }
  return a;
}

std::optional<Bend> next(const Bend& tried, const TonedDifference& difference, const cv::Mat& right,
                         const cv::Mat& mask) {
  const auto change = step(difference, right, mask);
  if (!change) return std::nullopt;
  return sum(tried, *change);
}

std::optional<double> weight(int shared, int first, cv::Size) {
  if (shared * 10 < first * 9) return std::nullopt;
  return 1;
}

}  // namespace

matching::Point Bend::operator()(matching::Point place, cv::Size frame) const {
  const double middle_x = frame.width / 2.0, middle_y = frame.height / 2.0;
  const Terms at = terms_at((place.x - middle_x) / middle_x, (place.y - middle_y) / middle_x);
  for (std::size_t i = 0; i < terms; ++i) {
    place.x += x[i] * at[i];
    place.y += y[i] * at[i];
  }
  return place;
}

Bend best_bend(const cv::Mat& left, const std::function<cv::Mat(const Bend&)>& picture_through,
               const std::function<cv::Mat(const Bend&)>& mask_through,
               std::initializer_list<double> smoothings) {
  return coarse_to_fine<Bend>(left, {}, {picture_through, mask_through, weight, 0.995, next},
                              smoothings);
}

}  // namespace imgdedup::hashing
