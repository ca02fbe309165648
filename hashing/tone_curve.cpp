// SPDX-License-Identifier: Apache-2.0
// The change of brightness, contrast or gamma that best leads from one picture to another.
#include "hashing/tone_curve.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
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

/// The curve through the points, level beyond the first and the last one. No level holds more than
/// one point, so it is two straight pieces on each level.
class Curve {
 public:
  explicit Curve(const std::vector<Point>& points) {
    std::size_t above = 0;
    for (std::size_t level = 0; level < pieces_.size(); ++level) {
      Pieces& pieces = pieces_[level];
      pieces.below = line_before(points, above);
      for (; above < points.size() && level_of(static_cast<float>(points[above].from)) <= level;
           ++above)
        pieces.bend = static_cast<float>(points[above].from);
      pieces.beyond = line_before(points, above);
    }
  }

  float operator()(float value) const {
    const Pieces& pieces = pieces_[level_of(value)];
    const Line& line = value <= pieces.bend ? pieces.below : pieces.beyond;
    return line.height + line.slope * (value - line.from);
  }

 private:
  struct Line {
    float from = 0, height = 0, slope = 0;
  };
  struct Pieces {
    float bend = std::numeric_limits<float>::max();
    Line below, beyond;
  };

  /// The piece that ends at points[above].
  static Line line_before(const std::vector<Point>& points, std::size_t above) {
    if (above == 0) return {0, static_cast<float>(points.front().to), 0};
    const Point& low = points[above - 1];
    const auto from = static_cast<float>(low.from), height = static_cast<float>(low.to);
    if (above == points.size()) return {from, height, 0};
    const Point& high = points[above];
    return {from, height, static_cast<float>((high.to - low.to) / (high.from - low.from))};
  }

  std::array<Pieces, levels> pieces_;
};

}  // namespace

cv::Mat toned_like(const cv::Mat& from, const cv::Mat& to, const cv::Mat& where) {
  std::vector<Point> points = mean_points(from, to, where);
  make_monotone(points);
  const Curve curve(points);
  cv::Mat result(from.size(), CV_32FC1);
  for (int y = 0; y < from.rows; ++y)
    std::transform(from.ptr<float>(y), from.ptr<float>(y) + from.cols, result.ptr<float>(y),
                   [&curve](float value) { return curve(value); });
  return result;
}

}  // namespace imgdedup::hashing
