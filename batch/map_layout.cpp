// SPDX-License-Identifier: Apache-2.0
// Where the thumbnails of a map lie.
#include "batch/map_layout.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numbers>

namespace imgdedup::batch {
namespace {

constexpr int least_canvas_side = 1000;
constexpr int largest_canvas_side = 8000;
constexpr int least_tile_side = 8;
constexpr int largest_tile_side = 100;
constexpr int margin = 10;
constexpr int gap = 4;
/// Part of the canvas that square tiles would cover: more, and they cannot give way to each other
/// without leaving their places far behind.
constexpr double coverage = 0.28;
constexpr int most_rounds = 2000;

/// Boxes, by their centres, that push each other away.
class Boxes {
 public:
  Boxes(std::span<const Size> sizes, std::vector<Point> centres, int canvas_side)
      : sizes_(sizes), centres_(std::move(centres)), canvas_side_(canvas_side) {
    int side = 1;
    for (const Size size : sizes_) side = std::max({side, size.width + gap, size.height + gap});
    bucket_side_ = side;
    buckets_a_row_ = static_cast<std::size_t>(canvas_side / side) + 1;
    for (std::size_t i = 0; i < centres_.size(); ++i) keep_inside(i);
  }

  /// Moves every two that overlap apart, each by half. Whether any did.
  bool push_apart() {
    sort_into_buckets();
    bool any = false;
    for (std::size_t i = 0; i < centres_.size(); ++i) {
      const std::size_t row = bucket_of(centres_[i].y);
      const std::size_t column = bucket_of(centres_[i].x);
      for (std::size_t y = row > 0 ? row - 1 : 0; y <= std::min(row + 1, buckets_a_row_ - 1); ++y)
        for (std::size_t x = column > 0 ? column - 1 : 0;
             x <= std::min(column + 1, buckets_a_row_ - 1); ++x)
          for (const std::size_t j : buckets_[y * buckets_a_row_ + x])
            if (j > i) any |= separate(i, j);
    }
    return any;
  }

  [[nodiscard]] std::vector<Rectangle> rectangles() const {
    std::vector<Rectangle> rectangles;
    for (std::size_t i = 0; i < centres_.size(); ++i) {
      const auto corner = [](double centre, int side) {
        return static_cast<int>(std::floor(centre - side / 2.0));
      };
      rectangles.push_back({corner(centres_[i].x, sizes_[i].width),
                            corner(centres_[i].y, sizes_[i].height), sizes_[i].width,
                            sizes_[i].height});
    }
    return rectangles;
  }

 private:
  [[nodiscard]] std::size_t bucket_of(double coordinate) const {
    return static_cast<std::size_t>(coordinate) / static_cast<std::size_t>(bucket_side_);
  }

  void sort_into_buckets() {
    buckets_.resize(buckets_a_row_ * buckets_a_row_);
    for (auto& bucket : buckets_) bucket.clear();
    for (std::size_t i = 0; i < centres_.size(); ++i)
      buckets_[bucket_of(centres_[i].y) * buckets_a_row_ + bucket_of(centres_[i].x)].push_back(i);
  }

  void keep_inside(std::size_t i) {
    const auto keep = [this](double& centre, int side) {
      const double distance = margin + side / 2.0;
      centre = std::clamp(centre, distance, canvas_side_ - distance);
    };
    keep(centres_[i].x, sizes_[i].width);
    keep(centres_[i].y, sizes_[i].height);
  }

  bool separate(std::size_t i, std::size_t j) {
    const double x = centres_[j].x - centres_[i].x;
    const double y = centres_[j].y - centres_[i].y;
    const double width = (sizes_[i].width + sizes_[j].width) / 2.0 + gap;
    const double height = (sizes_[i].height + sizes_[j].height) / 2.0 + gap;
    const double overlap_x = width - std::abs(x);
    const double overlap_y = height - std::abs(y);
    // A hundredth of a pixel: what is left by halving again and again.
    if (overlap_x <= 0.01 || overlap_y <= 0.01) return false;
    // In tiles, not in pixels: else flat pictures would stand in columns.
    if (overlap_x / width < overlap_y / height) {
      const double step = (x < 0 ? -overlap_x : overlap_x) / 2;
      centres_[i].x -= step;
      centres_[j].x += step;
    } else {
      const double step = (y < 0 ? -overlap_y : overlap_y) / 2;
      centres_[i].y -= step;
      centres_[j].y += step;
    }
    keep_inside(i);
    keep_inside(j);
    return true;
  }

  std::span<const Size> sizes_;
  std::vector<Point> centres_;
  int canvas_side_;
  int bucket_side_;
  std::size_t buckets_a_row_;
  std::vector<std::vector<std::size_t>> buckets_;
};

/// `places` along one axis such that they fill the canvas less a margin and half a tile.
template <double Point::*axis>
void stretch(std::vector<Point>& places, double canvas_side, double tile_side) {
  const auto [low, high] = std::ranges::minmax(places, {}, axis);
  const double extent = high.*axis - low.*axis;
  const double middle = (high.*axis + low.*axis) / 2;
  const double room = std::max(0.0, canvas_side - 2 * margin - tile_side);
  const double factor = extent > 0 ? room / extent : 0;
  for (Point& place : places) place.*axis = canvas_side / 2 + (place.*axis - middle) * factor;
}

}  // namespace

int map_tile_side(std::size_t picture_count) {
  const auto count = static_cast<double>(std::max<std::size_t>(picture_count, 1));
  const double side = std::sqrt(coverage / count) * largest_canvas_side - gap;
  return static_cast<int>(std::clamp<double>(side, least_tile_side, largest_tile_side));
}

int map_canvas_side(std::size_t picture_count, int tile_side_pixels) {
  const double side =
      std::sqrt(static_cast<double>(picture_count) / coverage) * (tile_side_pixels + gap);
  return static_cast<int>(
      std::clamp<double>(std::ceil(side), least_canvas_side, largest_canvas_side));
}

std::vector<Rectangle> map_layout(std::span<const Point> places, std::span<const Size> sizes,
                                  int canvas_side_pixels) {
  assert(places.size() == sizes.size());
  if (places.empty()) return {};
  int tile_side = 0;
  for (const Size size : sizes) tile_side = std::max({tile_side, size.width, size.height});
  std::vector<Point> centres(places.begin(), places.end());
  stretch<&Point::x>(centres, canvas_side_pixels, tile_side);
  stretch<&Point::y>(centres, canvas_side_pixels, tile_side);
  // Those at one place go apart in all directions: in that of the golden angle times their index.
  for (std::size_t i = 0; i < centres.size(); ++i) {
    const double direction = std::numbers::pi * (3 - std::sqrt(5.0)) * static_cast<double>(i);
    centres[i] = {centres[i].x + std::cos(direction) / 2, centres[i].y + std::sin(direction) / 2};
  }
  Boxes boxes(sizes, std::move(centres), canvas_side_pixels);
  for (int round = 0; round < most_rounds && boxes.push_apart(); ++round) {
  }
  return boxes.rectangles();
}

}  // namespace imgdedup::batch
