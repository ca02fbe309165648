// SPDX-License-Identifier: Apache-2.0
// PictureFeatures as bytes that the catalog keeps.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "matching/local_features.h"

namespace imgdedup::store {

/// Features in the first part: as many as are registered of each picture of a large catalog, which
/// therefore need not read the rest at start.
inline constexpr std::size_t strongest_features = 32;

/// One picture's features, 38 bytes each, and 231 bytes.
struct FeatureBlobs {
  std::string strongest;  ///< size of the feature picture, the strongest features
  std::string others;     ///< the turned hashes, the other features
};

FeatureBlobs to_blobs(const matching::PictureFeatures& features);
/// Throws StoreError unless the two are what to_blobs() gave.
matching::PictureFeatures features_from_blobs(std::string_view strongest, std::string_view others);
/// The first strongest_features, or all if there are no more. Throws StoreError likewise.
matching::LocalFeatures strongest_from_blob(std::string_view strongest);

}  // namespace imgdedup::store
