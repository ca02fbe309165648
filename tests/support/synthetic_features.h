// SPDX-License-Identifier: Apache-2.0
// Local features of pictures that do not exist, and what editing would make of them.
#pragma once

#include <algorithm>
#include <random>

#include "matching/local_features.h"

namespace imgdedup::testing {

using Random = std::mt19937_64;

inline matching::LocalFeature random_feature(Random& random) {
  matching::LocalFeature feature;
  feature.x_sixteenths = static_cast<std::uint16_t>(random() % (320 * 16));
  feature.y_sixteenths = static_cast<std::uint16_t>(random() % (240 * 16));
  feature.direction = static_cast<std::uint8_t>(random());
  feature.level = static_cast<std::uint8_t>(random() % 8);
  for (std::uint64_t& word : feature.descriptor) word = random();
  return feature;
}

inline matching::LocalFeatures random_features(Random& random, std::size_t count = 200) {
  matching::LocalFeatures features{320, 240, {}};
  for (std::size_t i = 0; i < count; ++i) features.features.push_back(random_feature(random));
  return features;
}

/// Each feature is kept with the probability `kept`, each of its bits flipped with `flipped`;
/// others take the place of those that went. The order of strength is lost.
inline matching::LocalFeatures edited(const matching::LocalFeatures& features, double kept,
                                      double flipped, Random& random) {
  std::uniform_real_distribution<double> share(0, 1);
  matching::LocalFeatures result = features;
  for (matching::LocalFeature& feature : result.features) {
    if (share(random) >= kept) {
      feature = random_feature(random);
      continue;
    }
    for (std::size_t bit = 0; bit < 256; ++bit)
      if (share(random) < flipped) feature.descriptor[bit / 64] ^= std::uint64_t{1} << bit % 64;
  }
  std::shuffle(result.features.begin(), result.features.end(), random);
  return result;
}

}  // namespace imgdedup::testing
