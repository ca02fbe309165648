// SPDX-License-Identifier: Apache-2.0
// Distinctive places of a picture: what survives cropping, turning, mirroring, framing, captions.
#include "matching/local_features.h"

namespace imgdedup::matching {
namespace {

constexpr std::array<double, max_feature_levels> make_scales() {
  std::array<double, max_feature_levels> scales{};
  double scale = 1;
  for (double& level : scales) {
    level = scale;
    scale *= 1.25;
  }
  return scales;
}

LocalFeature mirrored(LocalFeature feature, std::uint16_t width_pixels) {
  feature.x_sixteenths = static_cast<std::uint16_t>((width_pixels - 1) * 16 - feature.x_sixteenths);
  feature.direction = static_cast<std::uint8_t>(128 - feature.direction);
  // Neighbouring bits are tests that mirror one another.
  constexpr std::uint64_t even = 0x5555555555555555U;
  for (std::uint64_t& word : feature.descriptor) word = (word >> 1 & even) | (word & even) << 1;
  return feature;
}

}  // namespace

double feature_scale(std::uint8_t level) {
  static constexpr auto scales = make_scales();
  return scales[level];
}

LocalFeatures mirrored(const LocalFeatures& picture) {
  LocalFeatures result = picture;
  for (LocalFeature& feature : result.features) feature = mirrored(feature, picture.width_pixels);
  return result;
}

}  // namespace imgdedup::matching
