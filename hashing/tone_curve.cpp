// SPDX-License-Identifier: Apache-2.0
// The change of brightness, contrast or gamma that best leads from one picture to another.
#include "hashing/tone_curve.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include <opencv2/core.hpp>

namespace imgdedup::hashing {
namespace {

constexpr int levels = 64;
constexpr float level_width = 256.0F / levels;

struct Point {
  double from = 0, to = 0, weight = 0;
};

std::size_t level_of(float value) {
  return static_cast<std::size_t>(std::clamp(static_cast<int>(value / level_width), 0, levels - 1));
}

/// The mean of both pictures where `from` has a level, for every level that occurs.
std::vector<Point> mean_points(const cv::Mat& from, const cv::Mat& to, const cv::Mat& where) {
  std::array<Point, levels> sums{};
  for (int y = 0; y < from.rows; ++y) {
    const auto* a = from.ptr<float>(y);
    const auto* b = to.ptr<float>(y);
    const auto* counts = where.empty() ? nullptr : where.ptr<std::uint8_t>(y);
    for (int x = 0; x < from.cols; ++x) {
      if (counts != nullptr && counts[x] == 0) continue;
      Point& sum = sums[level_of(a[x])];
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

/// The curve through the points, level beyond the first and the last one.
class Curve {
 public:
  explicit Curve(std::vector<Point> points) : points_(std::move(points)) {
    std::size_t at = 0;
    for (std::size_t level = 0; level < first_in_.size(); ++level) {
      const double lowest = static_cast<double>(level) * static_cast<double>(level_width);
      while (at < points_.size() && points_[at].from < lowest) ++at;
      first_in_[level] = at;
    }
  }

  float operator()(float value) const {
    const auto from = static_cast<double>(value);
    std::size_t above = first_in_[level_of(value)];
    while (above < points_.size() && points_[above].from < from) ++above;
    if (above == 0) return static_cast<float>(points_.front().to);
    if (above == points_.size()) return static_cast<float>(points_.back().to);
    const Point &low = points_[above - 1], &high = points_[above];
    const double share = (from - low.from) / (high.from - low.from);
    return static_cast<float>(low.to + share * (high.to - low.to));
  }

 private:
  std::vector<Point> points_;
  std::array<std::size_t, levels> first_in_{};  ///< the first point not below each level
};

}  // namespace

cv::Mat toned_like(const cv::Mat& from, const cv::Mat& to, const cv::Mat& where) {
  std::vector<Point> points = mean_points(from, to, where);
  make_monotone(points);
  const Curve curve(std::move(points));
  cv::Mat result(from.size(), CV_32FC1);
  for (int y = 0; y < from.rows; ++y)
    std::transform(from.ptr<float>(y), from.ptr<float>(y) + from.cols, result.ptr<float>(y),
                   [&curve](float value) { return curve(value); });
  return result;
}

}  // namespace imgdedup::hashing
