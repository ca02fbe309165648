// SPDX-License-Identifier: Apache-2.0
// Points in the plane, summed up by cells.
#include "batch/quadtree.h"

#include <algorithm>
#include <cassert>

namespace imgdedup::batch {
namespace {

/// Points that agree in so many halvings are one: what keeps them apart is rounding.
constexpr int deepest = 48;

Point mean_of(std::span<const Point> points) {
  Point sum;
  for (const Point point : points) sum = {sum.x + point.x, sum.y + point.y};
  const auto count = static_cast<double>(points.size());
  return {sum.x / count, sum.y / count};
}

}  // namespace

Quadtree::Quadtree(std::span<const Point> points) {
  assert(!points.empty());
  const auto [left, right] = std::ranges::minmax(points, {}, &Point::x);
  const auto [top, bottom] = std::ranges::minmax(points, {}, &Point::y);
  std::vector<Point> sorted(points.begin(), points.end());
  cells_.reserve(points.size() * 2);
  add_cell(sorted, {(left.x + right.x) / 2, (top.y + bottom.y) / 2},
           std::max(right.x - left.x, bottom.y - top.y), 0);
}

void Quadtree::add_cell(std::span<Point> points, Point centre, double width, int depth) {
  if (points.empty()) return;
  const std::size_t index = cells_.size();
  const bool divided = points.size() > 1 && depth < deepest && width > 0;
  cells_.push_back({mean_of(points), divided ? width * width : 0, points.size(), 0});
  if (divided) {
    const auto left_of = [centre](Point point) { return point.x < centre.x; };
    const auto above = [centre](Point point) { return point.y < centre.y; };
    const auto lower = std::partition(points.begin(), points.end(), above);
    const auto upper_right = std::partition(points.begin(), lower, left_of);
    const auto lower_right = std::partition(lower, points.end(), left_of);
    const double step = width / 4;
    add_cell({points.begin(), upper_right}, {centre.x - step, centre.y - step}, width / 2,
             depth + 1);
    add_cell({upper_right, lower}, {centre.x + step, centre.y - step}, width / 2, depth + 1);
    add_cell({lower, lower_right}, {centre.x - step, centre.y + step}, width / 2, depth + 1);
    add_cell({lower_right, points.end()}, {centre.x + step, centre.y + step}, width / 2, depth + 1);
  }
  cells_[index].next = cells_.size();
}

Repulsion Quadtree::repulsion_on(Point point, double angle) const {
  assert(angle >= 0 && angle <= max_angle);
  const double squared_angle = angle * angle;
  Repulsion sum;
  for (std::size_t at = 0; at < cells_.size();) {
    const Cell& cell = cells_[at];
    const double x = point.x - cell.centre_of_mass.x;
    const double y = point.y - cell.centre_of_mass.y;
    const double squared_distance = x * x + y * y;
    if (cell.squared_width > 0 && cell.squared_width >= squared_angle * squared_distance) {
      ++at;
      continue;
    }
    const double weight = 1 / (1 + squared_distance);
    const double weights = weight * static_cast<double>(cell.point_count);
    sum.weight += weights;
    sum.force.x += weights * weight * x;
    sum.force.y += weights * weight * y;
    at = cell.next;
  }
  sum.weight -= 1;  // the point itself
  return sum;
}

}  // namespace imgdedup::batch
