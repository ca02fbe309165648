// SPDX-License-Identifier: Apache-2.0
// Which pairs of points around a corner are compared to describe it.
#pragma once

#include <array>
#include <cstdint>

namespace imgdedup::hashing {

/// Points of the pattern lie within this distance of the corner, in pixels.
inline constexpr int pattern_radius = 15;
/// Steps to the full turn in which the pattern is turned before it is laid on a picture.
inline constexpr int pattern_directions = 64;
/// Comparisons of brightness, one bit each.
inline constexpr int pattern_tests = 256;
/// Patches are read from buffers with this many bytes a row.
inline constexpr int pattern_stride = 2 * (pattern_radius + 1);

/// Where the two samples of a test lie, relative to the corner, in bytes of such a buffer.
struct PatternTest {
  std::int16_t first = 0, second = 0;
};

/// The tests turned clockwise (from +x towards +y) by `direction` steps, 0..pattern_directions - 1.
/// A bit is set where the first sample is darker than the second one. Test 2 i + 1 is test 2 i
/// mirrored at the direction of the corner, so that mirroring the picture only exchanges
/// neighbouring bits. The points are drawn once from a bell curve by a generator of fixed seed: the
/// same on every machine. Any thread.
/// M. Calonder et al., "BRIEF: Binary Robust Independent Elementary Features", ECCV 2010;
/// E. Rublee et al., "ORB: an efficient alternative to SIFT or SURF", ICCV 2011.
const std::array<PatternTest, pattern_tests>& pattern_turned(int direction);

}  // namespace imgdedup::hashing
