// SPDX-License-Identifier: Apache-2.0
// Points in the plane, summed up by cells: the repulsion in t-SNE without looking at all pairs.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace imgdedup::batch {

struct Point {
  double x = 0;
  double y = 0;

  bool operator==(const Point&) const = default;
};

/// What pushes one point away from the others: with w_j = 1 / (1 + |p - p_j|^2) over all others j.
struct Repulsion {
  double weight = 0;  ///< sum of w_j
  Point force;        ///< sum of w_j^2 (p - p_j)
};

/// A quadtree over points, made anew for every step. Barnes & Hut, "A hierarchical O(N log N)
/// force-calculation algorithm", Nature 324, 1986, as van der Maaten (JMLR 15, 2014, section 4.2)
/// uses it.
class Quadtree {
 public:
  /// points: finite, at least one.
  explicit Quadtree(std::span<const Point> points);

  /// On `point`, one of the tree's, by all the others. A cell whose width over its distance is
  /// below `angle` counts as so many points in its centre of mass; 0: each point for itself.
  /// angle: 0..max_angle. Any thread.
  [[nodiscard]] Repulsion repulsion_on(Point point, double angle) const;

  /// Above it the cell in which a point lies could be far from it.
  static constexpr double max_angle = 0.7;

 private:
  /// In the order of a walk that goes down first.
  struct Cell {
    Point centre_of_mass;
    double squared_width = 0;  ///< 0: not divided
    std::size_t point_count = 0;
    std::size_t next = 0;  ///< the first cell after those inside this one
  };
  void add_cell(std::span<Point> points, Point centre, double width, int depth);

  std::vector<Cell> cells_;
};

}  // namespace imgdedup::batch
