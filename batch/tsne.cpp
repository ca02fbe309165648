// SPDX-License-Identifier: Apache-2.0
// Vectors of many dimensions -> points in the plane, near ones near each other.
#include "batch/tsne.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <span>

#include "batch/parallel.h"

namespace imgdedup::batch {
namespace {

constexpr double exaggeration = 12;
constexpr int exaggerated_steps = 250;
constexpr double early_momentum = 0.5;
constexpr double late_momentum = 0.8;
constexpr double least_learning_rate = 50;
constexpr double least_gain = 0.01;

/// Uniform in a tiny square. Not by a distribution of the library: those differ among libraries.
std::vector<Point> starting_points(std::size_t count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto coordinate = [&random] {
    return (static_cast<double>(random() >> 11) * 0x1p-53 - 0.5) * 2e-4;
  };
  std::vector<Point> points(count);
  for (Point& point : points) {
    point.x = coordinate();
    point.y = coordinate();
  }
  return points;
}

void centre(std::vector<Point>& points) {
  Point mean;
  for (const Point point : points) mean = {mean.x + point.x, mean.y + point.y};
  const auto count = static_cast<double>(points.size());
  for (Point& point : points) point = {point.x - mean.x / count, point.y - mean.y / count};
}

/// Sum over j of p_ij w_ij (y_i - y_j), w_ij = 1 / (1 + |y_i - y_j|^2).
Point attraction_on(std::size_t i, const Affinities& affinities, std::span<const Point> points) {
  Point sum;
  for (std::size_t n = affinities.row_begin[i]; n < affinities.row_begin[i + 1]; ++n) {
    const Point other = points[affinities.column[n]];
    const double x = points[i].x - other.x;
    const double y = points[i].y - other.y;
    const double pull = affinities.value[n] / (1 + x * x + y * y);
    sum = {sum.x + pull * x, sum.y + pull * y};
  }
  return sum;
}

/// The points on their way, moved by the gradient of the Kullback-Leibler divergence.
class GradientDescent {
 public:
  GradientDescent(const Affinities& affinities, std::vector<Point> start, double angle)
      : affinities_(affinities),
        points_(std::move(start)),
        velocities_(points_.size()),
        gains_(points_.size(), {1, 1}),
        attractions_(points_.size()),
        repulsions_(points_.size()),
        angle_(angle),
        learning_rate_(std::max(static_cast<double>(points_.size()) / exaggeration / 4,
                                least_learning_rate)) {}

  void step(double attraction_factor, double momentum) {
    const Quadtree tree(points_);
    for_each_range(points_.size(), [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) {
        attractions_[i] = attraction_on(i, affinities_, points_);
        repulsions_[i] = tree.repulsion_on(points_[i], angle_);
      }
    });
    double all_weights = 0;
    for (const auto& repulsion : repulsions_) all_weights += repulsion.weight;
    for (std::size_t i = 0; i < points_.size(); ++i) {
      const auto gradient = [&](double attraction, double repulsion) {
        return 4 * (attraction_factor * attraction - repulsion / all_weights);
      };
      move(points_[i].x, velocities_[i].x, gains_[i].x,
           gradient(attractions_[i].x, repulsions_[i].force.x), momentum);
      move(points_[i].y, velocities_[i].y, gains_[i].y,
           gradient(attractions_[i].y, repulsions_[i].force.y), momentum);
    }
    centre(points_);
  }

  [[nodiscard]] std::vector<Point> take() && { return std::move(points_); }

 private:
  void move(double& coordinate, double& velocity, double& gain, double gradient,
            double momentum) const {
    const bool goes_on = (gradient > 0) != (velocity > 0);
    gain = std::max(goes_on ? gain + 0.2 : gain * 0.8, least_gain);
    velocity = momentum * velocity - learning_rate_ * gain * gradient;
    coordinate += velocity;
  }

  const Affinities& affinities_;
  std::vector<Point> points_, velocities_, gains_, attractions_;
  std::vector<Repulsion> repulsions_;
  double angle_;
  double learning_rate_;
};

}  // namespace

std::vector<Point> tsne(const VectorSet& vectors, const TsneSettings& settings,
                        const std::function<void()>& on_step) {
  if (vectors.size() < 2) return std::vector<Point>(vectors.size());
  const Affinities affinities = neighbour_affinities(vectors, settings.perplexity);
  GradientDescent descent(affinities, starting_points(vectors.size(), settings.seed),
                          settings.angle);
  for (int step = 0; step < settings.steps; ++step) {
    const bool early = step < exaggerated_steps;
    descent.step(early ? exaggeration : 1, early ? early_momentum : late_momentum);
    on_step();
  }
  return std::move(descent).take();
}

}  // namespace imgdedup::batch
