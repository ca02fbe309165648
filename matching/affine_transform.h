// SPDX-License-Identifier: Apache-2.0
// Where the points of one picture lie in another.
#pragma once

#include <optional>
#include <span>

namespace imgdedup::matching {

struct Point {
  double x = 0, y = 0;

  bool operator==(const Point&) const = default;
};

/// (x, y) -> (xx x + xy y + dx, yx x + yy y + dy). Pixels; a pixel's centre has whole coordinates.
struct AffineTransform {
  double xx = 1, xy = 0, dx = 0;
  double yx = 0, yy = 1, dy = 0;

  [[nodiscard]] Point operator()(Point point) const {
    return {xx * point.x + xy * point.y + dx, yx * point.x + yy * point.y + dy};
  }
  /// How much areas grow; below 0 where the picture is mirrored.
  [[nodiscard]] double determinant() const { return xx * yy - xy * yx; }
  /// How much lengths grow: the root of the growth of areas.
  [[nodiscard]] double scale() const;
  /// How much more lengths grow in one direction than in another, >= 1.
  [[nodiscard]] double stretch() const;
  /// The turn clockwise, in degrees [0, 360), of a picture that was mirrored (left and right
  /// exchanged) before where the determinant is below 0.
  [[nodiscard]] double rotation_degrees() const;
  /// The determinant must not be 0.
  [[nodiscard]] AffineTransform inverse() const;
  /// First this one, then `next`.
  [[nodiscard]] AffineTransform then(const AffineTransform& next) const;

  bool operator==(const AffineTransform&) const = default;
};

/// A place in one picture and where it is found in the other.
struct PointPair {
  Point from, to;
};

/// The transform without stretch and mirror that leads the points nearest to their partners (least
/// squares); empty if fewer than 2 pairs or all in one place.
std::optional<AffineTransform> fit_similarity(std::span<const PointPair> pairs);
/// The same among all affine transforms; empty if fewer than 3 pairs or all on one line.
std::optional<AffineTransform> fit_affine(std::span<const PointPair> pairs);

}  // namespace imgdedup::matching
