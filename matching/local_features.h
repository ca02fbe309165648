// SPDX-License-Identifier: Apache-2.0
// Distinctive places of a picture: what survives cropping, turning, mirroring, framing, captions.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "matching/fingerprint.h"

namespace imgdedup::matching {

/// One corner of a picture, described by 256 comparisons of brightness around it, taken relative
/// to its own direction. Positions lie in the *feature picture*: the picture as shown, reduced.
struct LocalFeature {
  std::uint16_t x_sixteenths = 0;  ///< from the left edge, in 1/16 pixel of the feature picture
  std::uint16_t y_sixteenths = 0;  ///< from the top edge
  std::uint8_t direction = 0;      ///< of 256 to the full turn, from +x towards +y
  std::uint8_t level = 0;          ///< of the pyramid on which it was found; 0: not reduced further
  std::array<std::uint64_t, 4> descriptor{};

  auto operator<=>(const LocalFeature&) const = default;
};

/// Number of bits, 0..256, in which the descriptors of two features differ.
constexpr int descriptor_distance(const LocalFeature& a, const LocalFeature& b) {
  int distance = 0;
  for (std::size_t i = 0; i < a.descriptor.size(); ++i)
    distance += std::popcount(a.descriptor[i] ^ b.descriptor[i]);
  return distance;
}

/// How much a level of the pyramid is reduced: 1 for level 0, and 1.25 times more for each next.
double feature_scale(std::uint8_t level);

/// Most features that are kept of one picture.
inline constexpr std::size_t max_local_features = 256;
/// Levels of the pyramid on which they are found.
inline constexpr std::uint8_t max_feature_levels = 16;
/// Largest side, in pixels, of a feature picture.
inline constexpr std::uint16_t max_feature_picture_side = 1024;

struct LocalFeatures {
  std::uint16_t width_pixels = 0;      ///< of the feature picture
  std::uint16_t height_pixels = 0;     ///< of the feature picture
  std::vector<LocalFeature> features;  ///< strongest first

  bool operator==(const LocalFeatures&) const = default;
};

/// The features of the picture with left and right exchanged. Exact: whoever compares with mirrored
/// copies needs no second look at the picture.
LocalFeatures mirrored(const LocalFeatures& picture);

/// The ways to turn a picture by right angles and to mirror it, the picture itself left out.
enum class Turn : std::uint8_t {
  rotated_90,  ///< clockwise
  rotated_180,
  rotated_270,          ///< clockwise
  mirrored,             ///< left and right exchanged
  mirrored_rotated_90,  ///< mirrored first, then rotated clockwise
  mirrored_rotated_180,
  mirrored_rotated_270,
};
inline constexpr std::size_t turn_count = 7;

/// What the relation `edited` goes by, beyond the Fingerprint. A pure function of the file's bytes
/// and `fingerprint_version`.
struct PictureFeatures {
  LocalFeatures local;
  /// The hashes that the picture would have if it were turned; by Turn.
  std::array<PerceptualHashes, turn_count> turned_hashes;

  bool operator==(const PictureFeatures&) const = default;
};

}  // namespace imgdedup::matching
