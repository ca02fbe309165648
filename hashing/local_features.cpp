// SPDX-License-Identifier: Apache-2.0
// The corners of a picture, and what the picture looks like around each.
#include "hashing/local_features.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <numbers>
#include <vector>

#include <opencv2/core.hpp>
#include <opencv2/features2d.hpp>
#include <opencv2/imgproc.hpp>

#include "hashing/binary_pattern.h"

namespace imgdedup::hashing {
namespace {

using matching::LocalFeature;
using matching::LocalFeatures;

/// Around every level, so that patches near the edge can be read.
constexpr int padding = pattern_radius + 1;
/// Corners nearer to the edge are not used.
constexpr int margin = 6;
constexpr int smallest_level_side = 3 * margin;
constexpr int most_levels = 8;

struct Corner {
  int x = 0, y = 0;  ///< of the level
  float strength = 0;
};

/// One level of the pyramid with its padding.
struct Level {
  cv::Mat padded;

  [[nodiscard]] int width() const { return padded.cols - 2 * padding; }
  [[nodiscard]] int height() const { return padded.rows - 2 * padding; }
  [[nodiscard]] cv::Mat picture() const {
    return padded(cv::Rect(padding, padding, width(), height()));
  }
};

Level padded_level(const cv::Mat& picture) {
  Level level;
  cv::copyMakeBorder(picture, level.padded, padding, padding, padding, padding,
                     cv::BORDER_REFLECT_101);
  return level;
}

std::vector<Level> pyramid_of(const cv::Mat& grey) {
  std::vector<Level> levels;
  levels.push_back(padded_level(grey));
  for (std::uint8_t i = 1; i < most_levels; ++i) {
    const double scale = matching::feature_scale(i);
    const cv::Size size(static_cast<int>(std::lround(grey.cols / scale)),
                        static_cast<int>(std::lround(grey.rows / scale)));
    if (std::min(size.width, size.height) < smallest_level_side) break;
    cv::Mat reduced;
    // From the level before: a step is too small to alias.
    cv::resize(levels.back().picture(), reduced, size, 0, 0, cv::INTER_LINEAR);
    levels.push_back(padded_level(reduced));
  }
  return levels;
}

/// The fourth root of the Harris response over 7 x 7 pixels, in grey levels; 0 on edges.
float harris_strength(const cv::Mat& padded, int x, int y) {
  constexpr int reach = 3;
  const auto step = static_cast<std::ptrdiff_t>(padded.step);
  std::int32_t xx = 0, yy = 0, xy = 0;
  for (int row = -reach; row <= reach; ++row) {
    const std::uint8_t* at = padded.ptr<std::uint8_t>(y + row) + x;
    for (int column = -reach; column <= reach; ++column) {
      const int dx = at[column + 1] - at[column - 1];
      const int dy = at[column + step] - at[column - step];
      xx += dx * dx;
      yy += dy * dy;
      xy += dx * dy;
    }
  }
  constexpr float k = 0.04F, samples = 4 * (2 * reach + 1) * (2 * reach + 1);
  const float a = static_cast<float>(xx) / samples, b = static_cast<float>(yy) / samples,
              c = static_cast<float>(xy) / samples;
  const float response = a * b - c * c - k * (a + b) * (a + b);
  return response > 0 ? std::sqrt(std::sqrt(response)) : 0;
}

std::vector<cv::KeyPoint> fast_corners(const cv::Mat& picture, std::size_t wanted) {
  constexpr int usual_threshold = 12, low_threshold = 5;
  std::vector<cv::KeyPoint> found;
  cv::FAST(picture, found, usual_threshold, true);
  if (found.size() < wanted) cv::FAST(picture, found, low_threshold, true);
  return found;
}

/// At most `wanted` corners of one level, strongest first. The second-best corner of a cell counts
/// less than its best one and so on, so that rich texture does not take all.
std::vector<Corner> corners_of(const Level& level, std::size_t wanted) {
  const int width = level.width(), height = level.height();
  const double cell_area = 1.5 * width * height / static_cast<double>(wanted);
  const int cell_side = std::max(4, static_cast<int>(std::lround(std::sqrt(cell_area))));
  const int cells_across = width / cell_side + 1;
  std::vector<std::vector<Corner>> cells(
      static_cast<std::size_t>(cells_across * (height / cell_side + 1)));
  for (const cv::KeyPoint& point : fast_corners(level.picture(), 2 * wanted)) {
    const int x = static_cast<int>(point.pt.x), y = static_cast<int>(point.pt.y);
    if (x < margin || y < margin || x >= width - margin || y >= height - margin) continue;
    const float strength = harris_strength(level.padded, x + padding, y + padding);
    if (strength > 0)
      cells[static_cast<std::size_t>(y / cell_side * cells_across + x / cell_side)].push_back(
          {x, y, strength});
  }
  const auto stronger = [](const Corner& a, const Corner& b) {
    return a.strength != b.strength ? a.strength > b.strength : a.y != b.y ? a.y < b.y : a.x < b.x;
  };
  std::vector<Corner> corners;
  for (auto& cell : cells) {
    std::sort(cell.begin(), cell.end(), stronger);
    float weight = 1;
    for (Corner& corner : cell) {
      corner.strength *= weight;
      weight *= 0.6F;
      corners.push_back(corner);
    }
  }
  const auto kept = static_cast<std::ptrdiff_t>(std::min(wanted, corners.size()));
  std::partial_sort(corners.begin(), corners.begin() + kept, corners.end(), stronger);
  corners.resize(static_cast<std::size_t>(kept));
  return corners;
}

/// For every row of the round patch, how far it reaches to either side.
std::array<int, pattern_radius + 1> disc_reach() {
  std::array<int, pattern_radius + 1> reach{};
  for (int row = 0; row <= pattern_radius; ++row)
    reach[static_cast<std::size_t>(row)] =
        static_cast<int>(std::sqrt((pattern_radius + 0.5) * (pattern_radius + 0.5) - row * row));
  return reach;
}

/// The angle from +x towards +y, 0..2 pi, at which the patch is brighter.
double direction_of(const cv::Mat& padded, int x, int y) {
  static const auto reach = disc_reach();
  std::int32_t moment_x = 0, moment_y = 0;
  for (int row = -pattern_radius; row <= pattern_radius; ++row) {
    const std::uint8_t* at = padded.ptr<std::uint8_t>(y + row) + x;
    const int end = std::min(pattern_radius, reach[static_cast<std::size_t>(std::abs(row))]);
    std::int32_t sum = 0, weighted = 0;
    for (int column = -end; column <= end; ++column) {
      sum += at[column];
      weighted += column * at[column];
    }
    moment_x += weighted;
    moment_y += row * sum;
  }
  const double angle = std::atan2(static_cast<double>(moment_y), static_cast<double>(moment_x));
  return angle < 0 ? angle + 2 * std::numbers::pi : angle;
}

int direction_step(double angle, int steps) {
  return static_cast<int>(std::lround(angle * steps / (2 * std::numbers::pi))) % steps;
}

std::array<std::uint64_t, 4> descriptor_of(const cv::Mat& smoothed, int x, int y, double angle) {
  std::array<std::uint8_t, pattern_stride*(2 * pattern_radius + 1)> patch;
  for (int row = 0; row <= 2 * pattern_radius; ++row)
    std::memcpy(patch.data() + static_cast<std::ptrdiff_t>(row) * pattern_stride,
                smoothed.ptr<std::uint8_t>(y + row - pattern_radius) + x - pattern_radius,
                2 * pattern_radius + 1);
  const std::uint8_t* centre = patch.data() + pattern_radius * pattern_stride + pattern_radius;
  const auto& tests = pattern_turned(direction_step(angle, pattern_directions));
  std::array<std::uint64_t, 4> descriptor{};
  for (std::size_t word = 0; word < descriptor.size(); ++word) {
    std::uint64_t bits = 0;
    for (std::size_t bit = 0; bit < 64; ++bit) {
      const PatternTest& test = tests[word * 64 + bit];
      bits |= std::uint64_t{centre[test.first] < centre[test.second]} << bit;
    }
    descriptor[word] = bits;
  }
  return descriptor;
}

std::uint16_t sixteenths(int position, int level_side, int side) {
  // Pixel centres of a level lie half a pixel of that level inside the edge.
  const double shown = (position + 0.5) * side / level_side - 0.5;
  return static_cast<std::uint16_t>(std::lround(std::clamp(shown, 0.0, side - 1.0) * 16));
}

/// How many features each level is to give: a level of half the side gives half as many.
std::vector<std::size_t> shares_of_levels(std::size_t levels, std::size_t count) {
  double whole = 0;
  for (std::size_t i = 0; i < levels; ++i)
    whole += 1 / matching::feature_scale(static_cast<std::uint8_t>(i));
  std::vector<std::size_t> shares;
  for (std::size_t i = 0; i < levels; ++i)
    shares.push_back(static_cast<std::size_t>(
        std::lround(static_cast<double>(count) /
                    matching::feature_scale(static_cast<std::uint8_t>(i)) / whole)));
  return shares;
}

}  // namespace

LocalFeatures local_features_of(const cv::Mat& grey, std::size_t count) {
  LocalFeatures result{
      static_cast<std::uint16_t>(grey.cols), static_cast<std::uint16_t>(grey.rows), {}};
  if (std::min(grey.cols, grey.rows) < smallest_level_side) return result;
  const std::vector<Level> levels = pyramid_of(grey);
  const std::vector<std::size_t> shares = shares_of_levels(levels.size(), count);
  // The place in its own level's order, from 0 (first) to 1, orders the features of all levels.
  std::vector<std::pair<double, LocalFeature>> ranked;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const Level& level = levels[i];
    const std::vector<Corner> corners = corners_of(level, std::max<std::size_t>(shares[i], 1));
    if (corners.empty()) continue;
    cv::Mat smoothed;
    cv::GaussianBlur(level.padded, smoothed, cv::Size(7, 7), 2);
    double rank = 0.5;
    for (const Corner& corner : corners) {
      const int x = corner.x + padding, y = corner.y + padding;
      const double angle = direction_of(level.padded, x, y);
      LocalFeature feature;
      feature.x_sixteenths = sixteenths(corner.x, level.width(), grey.cols);
      feature.y_sixteenths = sixteenths(corner.y, level.height(), grey.rows);
      feature.direction = static_cast<std::uint8_t>(direction_step(angle, 256));
      feature.level = static_cast<std::uint8_t>(i);
      feature.descriptor = descriptor_of(smoothed, x, y, angle);
      ranked.emplace_back(rank / static_cast<double>(shares[i] + 1), feature);
      rank += 1;
    }
  }
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  ranked.resize(std::min(ranked.size(), count));
  for (const auto& [rank, feature] : ranked) result.features.push_back(feature);
  return result;
}

}  // namespace imgdedup::hashing
