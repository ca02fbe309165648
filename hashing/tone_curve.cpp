// SPDX-License-Identifier: Apache-2.0
// The change of brightness, contrast or gamma that best leads from one picture to another.
#include "hashing/tone_curve.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include <opencv2/core.hpp>

namespace imgdedup::hashing {
namespace {

constexpr int levels = 64;
constexpr float level_width = 256.0F / levels;

struct Point {
  double from = 0, to = 0, weight = 0;
};

/// The mean of both pictures where `from` has a level, for every level that occurs.
std::vector<Point> mean_points(const cv::Mat& from, const cv::Mat& to, const cv::Mat& where) {
  std::array<Point, levels> sums{};
  for (int y = 0; y < from.rows; ++y) {
    const auto* a = from.ptr<float>(y);
    const auto* b = to.ptr<float>(y);
    const auto* counts = where.empty() ? nullptr : where.ptr<std::uint8_t>(y);
    for (int x = 0; x < from.cols; ++x) {
      if (counts != nullptr && counts[x] == 0) continue;
      const int level = std::clamp(static_cast<int>(a[x] / level_width), 0, levels - 1);
      Point& sum = sums[static_cast<std::size_t>(level)];
      sum.from += static_cast<double>(a[x]);
      sum.to += static_cast<double>(b[x]);
      sum.weight += 1;
    }
  }
  std::vector<Point> points;
  for (const Point& sum : sums)
    if (sum.weight > 0) points.push_back({sum.from / sum.weight, sum.to / sum.weight, sum.weight});
  return points;
}

/// Pool adjacent violators: neighbours that fall are given their common mean.
void make_monotone(std::vector<Point>& points) {
  struct Pool {
    double to, weight;
    std::size_t size;
  };
  std::vector<Pool> pools;
  for (const Point& point : points) {
    pools.push_back({point.to, point.weight, 1});
    while (pools.size() > 1 && pools[pools.size() - 2].to > pools.back().to) {
      const Pool last = pools.back();
      pools.pop_back();
      Pool& pool = pools.back();
      pool.to = (pool.to * pool.weight + last.to * last.weight) / (pool.weight + last.weight);
      pool.weight += last.weight;
      pool.size += last.size;
    }
  }
  std::size_t at = 0;
  for (const Pool& pool : pools)
    for (std::size_t i = 0; i < pool.size; ++i) points[at++].to = pool.to;
}

float interpolate(const std::vector<Point>& points, float value) {
  const auto from = static_cast<double>(value);
  const auto above = std::lower_bound(points.begin(), points.end(), from,
                                      [](const Point& point, double v) { return point.from < v; });
  if (above == points.begin()) return static_cast<float>(points.front().to);
  if (above == points.end()) return static_cast<float>(points.back().to);
  const Point &low = *(above - 1), &high = *above;
  const double share = (from - low.from) / (high.from - low.from);
  return static_cast<float>(low.to + share * (high.to - low.to));
}

}  // namespace

cv::Mat toned_like(const cv::Mat& from, const cv::Mat& to, const cv::Mat& where) {
  std::vector<Point> points = mean_points(from, to, where);
  make_monotone(points);
  cv::Mat result(from.size(), CV_32FC1);
  for (int y = 0; y < from.rows; ++y)
    std::transform(from.ptr<float>(y), from.ptr<float>(y) + from.cols, result.ptr<float>(y),
                   [&points](float value) { return interpolate(points, value); });
  return result;
}

}  // namespace imgdedup::hashing
