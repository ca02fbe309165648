// SPDX-License-Identifier: Apache-2.0
// Where the points of one picture lie in another.
#include "matching/affine_transform.h"

#include <cmath>
#include <numbers>

namespace imgdedup::matching {
namespace {

struct Means {
  Point from, to;
};

Means means_of(std::span<const PointPair> pairs) {
  Means means;
  for (const PointPair& pair : pairs) {
    means.from.x += pair.from.x;
    means.from.y += pair.from.y;
    means.to.x += pair.to.x;
    means.to.y += pair.to.y;
  }
  const auto count = static_cast<double>(pairs.size());
  return {{means.from.x / count, means.from.y / count}, {means.to.x / count, means.to.y / count}};
}

/// Sums of products of the distances from the means.
struct Moments {
  double xx = 0, xy = 0, yy = 0;                          ///< of `from` with itself
  double x_to_x = 0, x_to_y = 0, y_to_x = 0, y_to_y = 0;  ///< of `from` with `to`
};

Moments moments_of(std::span<const PointPair> pairs, const Means& means) {
  Moments sums;
  for (const PointPair& pair : pairs) {
    const double x = pair.from.x - means.from.x, y = pair.from.y - means.from.y;
    const double u = pair.to.x - means.to.x, v = pair.to.y - means.to.y;
    sums.xx += x * x;
    sums.xy += x * y;
    sums.yy += y * y;
    sums.x_to_x += x * u;
    sums.x_to_y += x * v;
    sums.y_to_x += y * u;
    sums.y_to_y += y * v;
  }
  return sums;
}

AffineTransform through(const Means& means, AffineTransform linear) {
  linear.dx = means.to.x - linear.xx * means.from.x - linear.xy * means.from.y;
  linear.dy = means.to.y - linear.yx * means.from.x - linear.yy * means.from.y;
  return linear;
}

/// Square pixels: of points in one place or on one line nothing above this remains.
constexpr double nothing = 1e-6;

}  // namespace

double AffineTransform::scale() const { return std::sqrt(std::abs(determinant())); }

double AffineTransform::stretch() const {
  const double squares = xx * xx + xy * xy + yx * yx + yy * yy;
  const double area = std::abs(determinant());
  const double root = std::sqrt(std::max(0.0, squares * squares - 4 * area * area));
  const double smallest = squares - root;
  return smallest > 0 ? std::sqrt((squares + root) / smallest) : HUGE_VAL;
}

double AffineTransform::rotation_degrees() const {
  // The polar part; a mirror exchanges left and right first, which changes the sign of column one.
  const double sign = determinant() < 0 ? -1 : 1;
  const double radians = std::atan2(sign * yx - xy, sign * xx + yy);
  const double degrees = radians * 180 / std::numbers::pi;
  return degrees < 0 ? degrees + 360 : degrees;
}

AffineTransform AffineTransform::inverse() const {
  const double area = determinant();
  AffineTransform result{yy / area, -xy / area, 0, -yx / area, xx / area, 0};
  result.dx = -result.xx * dx - result.xy * dy;
  result.dy = -result.yx * dx - result.yy * dy;
  return result;
}

AffineTransform AffineTransform::then(const AffineTransform& next) const {
  const Point moved = next({dx, dy});
  return {next.xx * xx + next.xy * yx, next.xx * xy + next.xy * yy, moved.x,
          next.yx * xx + next.yy * yx, next.yx * xy + next.yy * yy, moved.y};
}

std::optional<AffineTransform> fit_similarity(std::span<const PointPair> pairs) {
  if (pairs.size() < 2) return std::nullopt;
  const Means means = means_of(pairs);
  const Moments sums = moments_of(pairs, means);
  const double squares = sums.xx + sums.yy;
  if (squares < nothing) return std::nullopt;
  const double cosine = (sums.x_to_x + sums.y_to_y) / squares;
  const double sine = (sums.x_to_y - sums.y_to_x) / squares;
  return through(means, {cosine, -sine, 0, sine, cosine, 0});
}

std::optional<AffineTransform> fit_affine(std::span<const PointPair> pairs) {
  if (pairs.size() < 3) return std::nullopt;
  const Means means = means_of(pairs);
  const Moments sums = moments_of(pairs, means);
  const double area = sums.xx * sums.yy - sums.xy * sums.xy;
  const double squares = sums.xx + sums.yy;
  // Relative to how far the points lie apart, so that thin lines count as lines at any size.
  if (squares < nothing || area < nothing * squares * squares) return std::nullopt;
  return through(means, {(sums.x_to_x * sums.yy - sums.y_to_x * sums.xy) / area,
                         (sums.y_to_x * sums.xx - sums.x_to_x * sums.xy) / area, 0,
                         (sums.x_to_y * sums.yy - sums.y_to_y * sums.xy) / area,
                         (sums.y_to_y * sums.xx - sums.x_to_y * sums.xy) / area, 0});
}

}  // namespace imgdedup::matching
