// SPDX-License-Identifier: Apache-2.0
// The perceptual hashes of imagededup and of imagehash, digit for digit.
#include "hashing/library_hash.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstdint>
#include <utility>
#include <vector>

#include <opencv2/core.hpp>

#include "hashing/cosine_transform.h"
#include "hashing/decoding_memory.h"
#include "hashing/haar_transform.h"
#include "hashing/image_decoder.h"
#include "hashing/image_header.h"
#include "hashing/lanczos.h"
#include "hashing/outcome.h"
#include "hashing/reduction.h"
#include "hashing/without_throwing.h"

namespace imgdedup::hashing {
namespace {

using matching::EncodedHash;
using matching::HashDefinition;
using matching::HashKind;
using matching::HashLibrary;
using matching::HashSize;
using matching::Refusal;

cv::Mat resized_grey(const cv::Mat& picture, HashLibrary library, int width, int height) {
  if (library == HashLibrary::imagehash)
    return LanczosSource(reduce_to_grey(picture, 255, 1, AlphaRule::dropped))
        .resized(width, height);
  return reduce_to_grey(LanczosSource(picture).resized(width, height), 255, 1, AlphaRule::dropped);
}

/// Row by row, as doubles, which hold what bytes hold.
std::vector<double> samples_of(const cv::Mat& grey) {
  std::vector<double> samples;
  samples.reserve(grey.total());
  for (int y = 0; y < grey.rows; ++y)
    samples.insert(samples.end(), grey.ptr<std::uint8_t>(y), grey.ptr<std::uint8_t>(y) + grey.cols);
  return samples;
}

template <typename Predicate>
EncodedHash pack(const std::vector<double>& values, HashSize size, Predicate is_set) {
  assert(values.size() == static_cast<std::size_t>(matching::bits_of(size)));
  EncodedHash hash;
  hash.size = size;
  for (std::size_t i = 0; i < values.size(); ++i)
    hash.words[i / 64] = hash.words[i / 64] << 1 | (is_set(values[i]) ? 1U : 0U);
  return hash;
}

/// imagededup sets the bit of what equals the limit, imagehash does not.
EncodedHash pack_above(const std::vector<double>& values, double limit, HashDefinition definition) {
  if (definition.library == HashLibrary::imagehash)
    return pack(values, definition.size, [limit](double value) { return value > limit; });
  return pack(values, definition.size, [limit](double value) { return value >= limit; });
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

/// The upper left corner of a square, row by row.
std::vector<double> corner_of(const std::vector<double>& square, int side, int corner_side) {
  std::vector<double> corner;
  for (int y = 0; y < corner_side; ++y)
    corner.insert(corner.end(), square.begin() + y * side,
                  square.begin() + (y * side + corner_side));
  return corner;
}

EncodedHash average_hash(const cv::Mat& picture, HashDefinition definition) {
  const int side = side_of(definition.size);
  const auto samples = samples_of(resized_grey(picture, definition.library, side, side));
  double sum = 0;
  for (const double sample : samples) sum += sample;
  return pack_above(samples, sum / static_cast<double>(samples.size()), definition);
}

EncodedHash difference_hash(const cv::Mat& picture, HashDefinition definition) {
  const int side = side_of(definition.size);
  const cv::Mat grey = resized_grey(picture, definition.library, side + 1, side);
  std::vector<double> steps;
  for (int y = 0; y < side; ++y) {
    const auto* row = grey.ptr<std::uint8_t>(y);
    for (int x = 0; x < side; ++x) steps.push_back(row[x + 1] - row[x]);
  }
  return pack(steps, definition.size, [](double step) { return step > 0; });
}

const CosineTransform& cosine_transform_of(HashSize size) {
  static const CosineTransform of_eight(32), of_sixteen(64);
  return size == HashSize::eight ? of_eight : of_sixteen;
}

EncodedHash cosine_hash(const cv::Mat& picture, HashDefinition definition) {
  const int hash_side = side_of(definition.size), side = 4 * hash_side;
  const CosineTransform& transform = cosine_transform_of(definition.size);
  const cv::Mat grey = resized_grey(picture, definition.library, side, side);
  const auto length = static_cast<std::size_t>(side);
  std::vector<double> lowest(static_cast<std::size_t>(hash_side) * length), column(length);
  for (int x = 0; x < side; ++x) {
    for (int y = 0; y < side; ++y)
      column[static_cast<std::size_t>(y)] = grey.at<std::uint8_t>(y, x);
    transform.apply(column);
    for (int y = 0; y < hash_side; ++y)
      lowest[static_cast<std::size_t>(y * side + x)] = column[static_cast<std::size_t>(y)];
  }
  for (int y = 0; y < hash_side; ++y)
    transform.apply(std::span(lowest).subspan(static_cast<std::size_t>(y) * length, length));
  const auto coefficients = corner_of(lowest, side, hash_side);
  const int without_constant = definition.library == HashLibrary::imagededup ? 1 : 0;
  return pack_above(coefficients,
                    median({coefficients.begin() + without_constant, coefficients.end()}),
                    definition);
}

/// The sides of pictures that imagehash resizes to for its whash.
int largest_power_of_two(const cv::Mat& picture) {
  return static_cast<int>(
      std::bit_floor(static_cast<unsigned>(std::min(picture.cols, picture.rows))));
}

EncodedHash wavelet_hash(const cv::Mat& picture, HashDefinition definition) {
  const int hash_side = side_of(definition.size);
  const bool is_imagehash = definition.library == HashLibrary::imagehash;
  const int side = is_imagehash ? std::max(hash_side, largest_power_of_two(picture)) : 256;
  auto samples = samples_of(resized_grey(picture, definition.library, side, side));
  for (double& sample : samples) sample /= 255;
  const int all_levels = std::countr_zero(static_cast<unsigned>(side));
  if (is_imagehash) {
    haar_forward(samples, side, all_levels);
    samples[0] *= 0;
    haar_backward(samples, side, all_levels);
  }
  haar_forward(samples, side, all_levels - std::countr_zero(static_cast<unsigned>(hash_side)));
  const auto coefficients = corner_of(samples, side, hash_side);
  return pack_above(coefficients, median(coefficients), definition);
}

}  // namespace

EncodedHash library_hash(const cv::Mat& picture, HashDefinition definition) {
  switch (definition.kind) {
    case HashKind::ahash:
      return average_hash(picture, definition);
    case HashKind::dhash:
      return difference_hash(picture, definition);
    case HashKind::phash:
      return cosine_hash(picture, definition);
    case HashKind::whash:
      break;
  }
  return wavelet_hash(picture, definition);
}

std::variant<EncodedHash, Refusal> encode_image(Bytes file, const DecodeLimits& limits,
                                                HashDefinition definition) {
  return without_throwing<EncodedHash>([&]() -> Outcome<EncodedHash> {
    const auto read = read_permitted_header(file, limits);
    if (const auto* refusal = std::get_if<Refusal>(&read)) return *refusal;
    auto decoded = decode_as_stored(file, std::get<ImageHeader>(read));
    if (auto* refusal = std::get_if<Refusal>(&decoded)) return std::move(*refusal);
    return library_hash(std::get<cv::Mat>(decoded), definition);
  });
}

}  // namespace imgdedup::hashing
