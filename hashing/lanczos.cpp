// SPDX-License-Identifier: Apache-2.0
// Lanczos resampling in the fixed-point arithmetic of Pillow.
#include "hashing/lanczos.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <numbers>
#include <utility>
#include <vector>

#include <opencv2/core.hpp>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace imgdedup::hashing {
namespace {

constexpr int fraction_bits = 22;
constexpr double radius = 3;

double sinc(double x) {
  if (x == 0) return 1;
  x *= std::numbers::pi;
  return std::sin(x) / x;
}

double lanczos(double x) { return x >= -radius && x < radius ? sinc(x) * sinc(x / radius) : 0; }

/// Which input samples make an output sample, and with what weight.
struct Taps {
  int first = 0;
  std::vector<std::int32_t> weights;
};

using TapTable = std::vector<Taps>;

TapTable make_taps(int in_size, int out_size) {
  const double scale = static_cast<double>(in_size) / out_size;
  const double widening = std::max(scale, 1.0);
  const double support = radius * widening;
  TapTable result(static_cast<std::size_t>(out_size));
  std::vector<double> kernel;
  for (int out = 0; out < out_size; ++out) {
    Taps& taps = result[static_cast<std::size_t>(out)];
    const double centre = (out + 0.5) * scale;
    taps.first = std::max(0, static_cast<int>(centre - support + 0.5));
    const int end = std::min(in_size, static_cast<int>(centre + support + 0.5));
    kernel.clear();
    double total = 0;
    for (int in = taps.first; in < end; ++in) {
      kernel.push_back(lanczos((in - centre + 0.5) * (1 / widening)));
      total += kernel.back();
    }
    for (const double value : kernel) {
      const double weight = (total == 0 ? value : value / total) * (1 << fraction_bits);
      taps.weights.push_back(static_cast<std::int32_t>(weight < 0 ? weight - 0.5 : weight + 0.5));
    }
  }
  return result;
}

/// Reduced pictures come in few sizes, and the sines cost more than the resampling: tables are
/// kept.
std::shared_ptr<const TapTable> taps_for(int in_size, int out_size) {
  constexpr int largest_kept = 1024;
  constexpr std::size_t most_kept = 1024;  // some 7 MB
  if (in_size > largest_kept) return std::make_shared<const TapTable>(make_taps(in_size, out_size));
  thread_local std::map<std::pair<int, int>, std::shared_ptr<const TapTable>> kept;
  auto& table = kept[{in_size, out_size}];
  if (table) return table;
  auto made = std::make_shared<const TapTable>(make_taps(in_size, out_size));
  if (kept.size() > most_kept) {
    kept.clear();
    return made;
  }
  table = made;
  return made;
}

constexpr std::int32_t half = 1 << (fraction_bits - 1);

/// One sample of an output row: the weighted sum of a column of `count` input samples.
std::uint8_t weigh_one(const std::uint8_t* in, std::size_t row_bytes, const std::int32_t* weights,
                       std::size_t count) {
  std::int32_t sum = half;
  for (std::size_t i = 0; i < count; ++i) sum += weights[i] * in[i * row_bytes];
  return static_cast<std::uint8_t>(std::clamp(sum >> fraction_bits, 0, 255));
}

void weigh_rows_portably(const std::uint8_t* in, std::size_t row_bytes, const std::int32_t* weights,
                         std::size_t count, std::uint8_t* out, std::size_t samples) {
  for (std::size_t x = 0; x < samples; ++x) out[x] = weigh_one(in + x, row_bytes, weights, count);
}

#if defined(__x86_64__)
/// 8 * `vectors` samples, whose sums stay in registers.
template <int vectors>
__attribute__((target("avx2"))) void weigh_with_avx2(const std::uint8_t* in, std::size_t row_bytes,
                                                     const std::int32_t* weights, std::size_t count,
                                                     std::uint8_t* out) {
  __m256i sums[vectors];
#pragma GCC unroll 4
  for (int v = 0; v < vectors; ++v) sums[v] = _mm256_set1_epi32(half);
  for (std::size_t i = 0; i < count; ++i, in += row_bytes) {
    const __m256i weight = _mm256_set1_epi32(weights[i]);
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) {
      const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(in + v * 8));
      sums[v] = _mm256_add_epi32(sums[v], _mm256_mullo_epi32(_mm256_cvtepu8_epi32(bytes), weight));
    }
  }
#pragma GCC unroll 4
  for (int v = 0; v < vectors; ++v) {
    const __m256i values = _mm256_srai_epi32(sums[v], fraction_bits);
    const __m128i words =
        _mm_packs_epi32(_mm256_castsi256_si128(values), _mm256_extracti128_si256(values, 1));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(out + v * 8), _mm_packus_epi16(words, words));
  }
}

__attribute__((target("avx2"))) void weigh_rows_with_avx2(const std::uint8_t* in,
                                                          std::size_t row_bytes,
                                                          const std::int32_t* weights,
                                                          std::size_t count, std::uint8_t* out,
                                                          std::size_t samples) {
  std::size_t x = 0;
  for (; x + 32 <= samples; x += 32) weigh_with_avx2<4>(in + x, row_bytes, weights, count, out + x);
  for (; x + 8 <= samples; x += 8) weigh_with_avx2<1>(in + x, row_bytes, weights, count, out + x);
  for (; x < samples; ++x) out[x] = weigh_one(in + x, row_bytes, weights, count);
}
#endif

using WeighRows = decltype(&weigh_rows_portably);

/// The results do not depend on the choice: sums of whole numbers.
WeighRows choose_weigh_rows() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) return weigh_rows_with_avx2;
#endif
  return weigh_rows_portably;
}

cv::Mat resize_columns(const cv::Mat& picture, int height) {
  if (picture.rows == height) return picture;
  const std::shared_ptr<const TapTable> rows = taps_for(picture.rows, height);
  static const WeighRows weigh_rows = choose_weigh_rows();
  cv::Mat result(height, picture.cols, picture.type());
  const auto samples = static_cast<std::size_t>(picture.cols * picture.channels());
  for (int y = 0; y < height; ++y) {
    const Taps& taps = (*rows)[static_cast<std::size_t>(y)];
    weigh_rows(picture.ptr(taps.first), picture.step, taps.weights.data(), taps.weights.size(),
               result.ptr(y), samples);
  }
  return result;
}

}  // namespace

LanczosSource::LanczosSource(const cv::Mat& picture) {
  assert(picture.type() == CV_8UC1 || picture.type() == CV_8UC3);
  // Rows are resized by way of columns, whose loops run over contiguous samples.
  cv::transpose(picture, transposed_);
}

cv::Mat LanczosSource::resized(int width, int height) const {
  cv::Mat along_rows;
  cv::transpose(resize_columns(transposed_, width), along_rows);
  return resize_columns(along_rows, height);
}

}  // namespace imgdedup::hashing
