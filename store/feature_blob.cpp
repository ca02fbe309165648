// SPDX-License-Identifier: Apache-2.0
// PictureFeatures as bytes that the catalog keeps.
#include "store/feature_blob.h"

#include <algorithm>
#include <concepts>

#include "store/store_error.h"

namespace imgdedup::store {
namespace {

using matching::LocalFeature;
using matching::LocalFeatures;
using matching::PerceptualHash;
using matching::PictureFeatures;

// Of these bytes, not of what they say: that is fingerprint_version.
constexpr std::uint8_t blob_form = 1;

class Writer {
 public:
  explicit Writer(std::string& bytes) : bytes_(bytes) {}

  /// Least significant byte first.
  template <std::unsigned_integral Number>
  void put(Number number) {
    for (std::size_t i = 0; i < sizeof number; ++i)
      bytes_ += static_cast<char>(static_cast<std::uint64_t>(number) >> 8 * i & 0xff);
  }
  void put(const LocalFeature& feature) {
    const auto& [x, y, direction, level, descriptor] = feature;
    put(x);
    put(y);
    put(direction);
    put(level);
    for (const std::uint64_t word : descriptor) put(word);
  }

 private:
  std::string& bytes_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  template <std::unsigned_integral Number>
  void take(Number& number) {
    if (bytes_.size() < sizeof number) fail();
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < sizeof number; ++i)
      value |= std::uint64_t{static_cast<std::uint8_t>(bytes_[i])} << 8 * i;
    number = static_cast<Number>(value);
    bytes_.remove_prefix(sizeof number);
  }
  void take(LocalFeature& feature) {
    auto& [x, y, direction, level, descriptor] = feature;
    take(x);
    take(y);
    take(direction);
    take(level);
    for (std::uint64_t& word : descriptor) take(word);
  }
  void require_end() const {
    if (!bytes_.empty()) fail();
  }
  [[noreturn]] static void fail() {
    throw StoreError("catalog: the features of a picture mean nothing; the catalog is damaged");
  }

 private:
  std::string_view bytes_;
};

/// Reads the head and the strongest features; returns how many features there are in all.
std::size_t take_strongest(std::string_view bytes, LocalFeatures& features) {
  Reader in(bytes);
  std::uint8_t form = 0;
  std::uint16_t count = 0;
  in.take(form);
  in.take(features.width_pixels);
  in.take(features.height_pixels);
  in.take(count);
  if (form != blob_form || count > matching::max_local_features) Reader::fail();
  features.features.reserve(count);
  features.features.resize(std::min<std::size_t>(count, strongest_features));
  for (LocalFeature& feature : features.features) in.take(feature);
  in.require_end();
  return count;
}

}  // namespace

FeatureBlobs to_blobs(const PictureFeatures& features) {
  FeatureBlobs blobs;
  const auto& [local, turned_hashes] = features;
  Writer strongest(blobs.strongest);
  strongest.put(blob_form);
  strongest.put(local.width_pixels);
  strongest.put(local.height_pixels);
  strongest.put(static_cast<std::uint16_t>(local.features.size()));
  Writer others(blobs.others);
  for (const matching::PerceptualHashes& hashes : turned_hashes)
    for (const PerceptualHash hash : {hashes.ahash, hashes.dhash, hashes.phash, hashes.whash})
      others.put(hash.bits);
  for (std::size_t i = 0; i < local.features.size(); ++i)
    (i < strongest_features ? strongest : others).put(local.features[i]);
  return blobs;
}

LocalFeatures strongest_from_blob(std::string_view strongest) {
  LocalFeatures features;
  take_strongest(strongest, features);
  return features;
}

PictureFeatures features_from_blobs(std::string_view strongest, std::string_view others) {
  PictureFeatures features;
  auto& [local, turned_hashes] = features;
  const std::size_t count = take_strongest(strongest, local);
  Reader in(others);
  for (matching::PerceptualHashes& hashes : turned_hashes)
    for (PerceptualHash* hash : {&hashes.ahash, &hashes.dhash, &hashes.phash, &hashes.whash})
      in.take(hash->bits);
  while (local.features.size() < count) in.take(local.features.emplace_back());
  in.require_end();
  return features;
}

}  // namespace imgdedup::store
