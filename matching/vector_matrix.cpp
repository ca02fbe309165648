// SPDX-License-Identifier: Apache-2.0
// Many vectors of one length, and which of them are alike: a matrix product by blocks.
#include "matching/vector_matrix.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>

namespace imgdedup::matching {
namespace {

constexpr std::size_t lanes = 8;
constexpr std::size_t left_rows = 2, right_rows = 4;
// So many rows of a few thousand values stay in the second-level cache while others pass.
constexpr std::size_t block_rows = 32;
// Sums of floats in another order than cosine_of() takes.
constexpr double product_error = 1e-4;

using Lanes [[gnu::vector_size(lanes * sizeof(float)), gnu::aligned(alignof(float))]] = float;
template <std::size_t Left>
using Products = std::array<std::array<float, right_rows>, Left>;

/// The products of `Left` rows with `right_rows`, all of `stride` values.
template <std::size_t Left>
[[gnu::always_inline]] inline void multiply_rows(const float* left, const float* right,
                                                 std::size_t stride, Products<Left>& products) {
  Lanes sums[Left][right_rows]{};
  for (std::size_t i = 0; i < stride; i += lanes) {
    Lanes a[Left], b[right_rows];
    for (std::size_t l = 0; l < Left; ++l)
      a[l] = *reinterpret_cast<const Lanes*>(left + l * stride + i);
    for (std::size_t r = 0; r < right_rows; ++r)
      b[r] = *reinterpret_cast<const Lanes*>(right + r * stride + i);
    for (std::size_t l = 0; l < Left; ++l)
      for (std::size_t r = 0; r < right_rows; ++r) sums[l][r] += a[l] * b[r];
  }
  for (std::size_t l = 0; l < Left; ++l)
    for (std::size_t r = 0; r < right_rows; ++r) {
      float sum = 0;
      for (std::size_t i = 0; i < lanes; ++i) sum += sums[l][r][i];
      products[l][r] = sum;
    }
}

template <std::size_t Left>
void multiply_portable(const float* left, const float* right, std::size_t stride,
                       Products<Left>& products) {
  multiply_rows<Left>(left, right, stride, products);
}

#if defined(__x86_64__)
template <std::size_t Left>
__attribute__((target("avx2,fma"))) void multiply_avx2(const float* left, const float* right,
                                                       std::size_t stride,
                                                       Products<Left>& products) {
  multiply_rows<Left>(left, right, stride, products);
}
#endif

template <std::size_t Left>
using MultiplyFunction = void (*)(const float*, const float*, std::size_t, Products<Left>&);

template <std::size_t Left>
MultiplyFunction<Left> fastest_multiply() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0)
    return multiply_avx2<Left>;
#endif
  return multiply_portable<Left>;
}

double product_of(std::span<const float> a, std::span<const float> b) {
  double product = 0;
  for (std::size_t i = 0; i < a.size(); ++i) product += double{a[i]} * double{b[i]};
  return product;
}

}  // namespace

double cosine_of(std::span<const float> a, std::span<const float> b) {
  assert(a.size() == b.size());
  const double cosine = product_of(a, b) / std::sqrt(product_of(a, a) * product_of(b, b));
  return std::clamp(cosine, -1.0, 1.0);
}

VectorMatrix::VectorMatrix(std::size_t length)
    : length_(length), stride_((length + lanes - 1) / lanes * lanes) {
  assert(length >= 1);
}

void VectorMatrix::add(std::span<const float> vector) {
  assert(vector.size() == length_);
  const double length = std::sqrt(product_of(vector, vector));
  for (const float value : vector) values_.push_back(static_cast<float>(double{value} / length));
  values_.resize(values_.size() + stride_ - length_);
}

std::vector<float> VectorMatrix::times(std::span<const float> vector) const {
  assert(vector.size() == length_);
  const auto multiply = fastest_multiply<1>();
  std::vector<float> padded(stride_);
  std::copy(vector.begin(), vector.end(), padded.begin());
  std::vector<float> products(size());
  const std::size_t tiled = size() / right_rows * right_rows;
  for (std::size_t row = 0; row < tiled; row += right_rows) {
    Products<1> tile;
    multiply(padded.data(), values_.data() + row * stride_, stride_, tile);
    std::copy(tile[0].begin(), tile[0].end(), products.begin() + static_cast<std::ptrdiff_t>(row));
  }
  for (std::size_t row = tiled; row < size(); ++row)
    products[row] = static_cast<float>(product_of(vector, (*this)[row]));
  return products;
}

std::vector<VectorMatrix::Pair> VectorMatrix::similar_pairs(std::size_t first, std::size_t last,
                                                            double min_similarity) const {
  assert(first <= last && last <= size());
  const auto multiply = fastest_multiply<left_rows>();
  const auto least = static_cast<float>(min_similarity - product_error);
  std::vector<Pair> pairs;
  const auto consider = [&](std::size_t i, std::size_t j) {
    if (cosine_of((*this)[i], (*this)[j]) >= min_similarity - cosine_tolerance)
      pairs.emplace_back(i, j);
  };
  // Rows that do not fill a tile at the edges are looked at one by one.
  const std::size_t tiled = size() / right_rows * right_rows;
  const std::size_t last_even = first + (last - first) / left_rows * left_rows;
  for (std::size_t block = first / right_rows * right_rows; block < tiled; block += block_rows) {
    const std::size_t block_end = std::min(block + block_rows, tiled);
    for (std::size_t i = first; i < last_even && i < block_end; i += left_rows)
      for (std::size_t j = std::max(block, i / right_rows * right_rows); j < block_end;
           j += right_rows) {
        Products<left_rows> products;
        multiply(values_.data() + i * stride_, values_.data() + j * stride_, stride_, products);
        for (std::size_t l = 0; l < left_rows; ++l)
          for (std::size_t r = 0; r < right_rows; ++r)
            if (products[l][r] >= least && i + l < j + r) consider(i + l, j + r);
      }
  }
  for (std::size_t i = first; i < last; ++i)
    for (std::size_t j = i < last_even ? std::max(tiled, i + 1) : i + 1; j < size(); ++j)
      consider(i, j);
  return pairs;
}

}  // namespace imgdedup::matching
