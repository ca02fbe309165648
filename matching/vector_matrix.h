// SPDX-License-Identifier: Apache-2.0
// Many vectors of one length, and which of them are alike: looked at pair by pair.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace imgdedup::matching {

/// The cosine of the angle between two vectors of one length, neither of them zeros: -1..1. Any
/// thread, as all below.
double cosine_of(std::span<const float> a, std::span<const float> b);

/// What a cosine may be too small by and still count: vectors are kept as floats.
inline constexpr double cosine_tolerance = 1e-6;

/// Rows of floats, one after the other, scaled to length 1.
class VectorMatrix {
 public:
  /// length: of every vector, >= 1.
  explicit VectorMatrix(std::size_t length);

  void reserve(std::size_t count) { values_.reserve(count * stride_); }
  /// vector: of that length, not zeros.
  void add(std::span<const float> vector);

  [[nodiscard]] std::size_t size() const { return values_.size() / stride_; }
  [[nodiscard]] std::span<const float> operator[](std::size_t row) const {
    return {values_.data() + row * stride_, length_};
  }

  /// The product of each row with `vector`, in their order.
  [[nodiscard]] std::vector<float> times(std::span<const float> vector) const;

  using Pair = std::pair<std::uint32_t, std::uint32_t>;
  /// Pairs (i, j), i < j, with i in [first, last), whose cosine is at least `min_similarity`. Every
  /// such pair, each once: nothing is estimated. Time: (last - first) * size() * length.
  [[nodiscard]] std::vector<Pair> similar_pairs(std::size_t first, std::size_t last,
                                                double min_similarity) const;

 private:
  std::size_t length_;
  std::size_t stride_;  ///< length_ rounded up; zeros behind it
  std::vector<float> values_;
};

}  // namespace imgdedup::matching
