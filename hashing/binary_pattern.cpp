// SPDX-License-Identifier: Apache-2.0
// Which pairs of points around a corner are compared to describe it.
#include "hashing/binary_pattern.h"

#include <cmath>
#include <cstddef>
#include <memory>
#include <numbers>

namespace imgdedup::hashing {
namespace {

struct Point {
  double x = 0, y = 0;
};

struct Test {
  Point first, second;
};

double distance(Point a, Point b) { return std::hypot(a.x - b.x, a.y - b.y); }

/// Whole numbers only, so that every machine draws the same.
class Generator {
 public:
  /// In 1/256, about normally distributed (a sum of twelve), standard deviation `deviation`.
  int bell_curve(int deviation) {
    int sum = 0;
    for (int i = 0; i < 12; ++i) sum += static_cast<int>(next() & 255U);
    return (sum - 12 * 255 / 2) * deviation;
  }

 private:
  std::uint64_t next() {
    state_ += 0x9E3779B97F4A7C15U;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9U;
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EBU;
    return mixed ^ mixed >> 31;
  }
  std::uint64_t state_ = 20260101;
};

using Tests = std::array<Test, pattern_tests>;

Point draw_point(Generator& generator) {
  constexpr int deviation_pixels = 6;
  constexpr double farthest = pattern_radius - 0.5;
  for (;;) {
    const Point point{generator.bell_curve(deviation_pixels) / 256.0,
                      generator.bell_curve(deviation_pixels) / 256.0};
    if (distance(point, {}) <= farthest) return point;
  }
}

/// Whether the two tests compare nearly the same places.
bool alike(const Test& a, const Test& b) {
  constexpr double nearest = 2.5;
  const double straight = std::max(distance(a.first, b.first), distance(a.second, b.second));
  const double crossed = std::max(distance(a.first, b.second), distance(a.second, b.first));
  return std::min(straight, crossed) < nearest;
}

Test mirrored(const Test& test) {
  return {{test.first.x, -test.first.y}, {test.second.x, -test.second.y}};
}

Tests draw_tests() {
  // Points closer than this have the same brightness after smoothing.
  constexpr double shortest = 4;
  Generator generator;
  Tests tests{};
  for (std::size_t count = 0; count < tests.size();) {
    const Test test{draw_point(generator), draw_point(generator)};
    const Test mirror = mirrored(test);
    bool is_new = distance(test.first, test.second) >= shortest && !alike(test, mirror);
    for (std::size_t i = 0; i < count && is_new; ++i) is_new = !alike(test, tests[i]);
    if (!is_new) continue;
    tests[count++] = test;
    tests[count++] = mirror;
  }
  return tests;
}

std::int16_t offset_of(Point point, double cosine, double sine) {
  const auto x = std::lround(point.x * cosine - point.y * sine);
  const auto y = std::lround(point.x * sine + point.y * cosine);
  return static_cast<std::int16_t>(y * pattern_stride + x);
}

using TurnedTests = std::array<std::array<PatternTest, pattern_tests>, pattern_directions>;

std::unique_ptr<TurnedTests> turn_tests() {
  const Tests tests = draw_tests();
  auto turned = std::make_unique<TurnedTests>();
  for (std::size_t direction = 0; direction < pattern_directions; ++direction) {
    const double angle = 2 * std::numbers::pi * static_cast<double>(direction) / pattern_directions;
    const double cosine = std::cos(angle), sine = std::sin(angle);
    for (std::size_t i = 0; i < tests.size(); ++i)
      (*turned)[direction][i] = {offset_of(tests[i].first, cosine, sine),
                                 offset_of(tests[i].second, cosine, sine)};
  }
  return turned;
}

}  // namespace

const std::array<PatternTest, pattern_tests>& pattern_turned(int direction) {
  static const std::unique_ptr<const TurnedTests> turned = turn_tests();
  return (*turned)[static_cast<std::size_t>(direction)];
}

}  // namespace imgdedup::hashing
