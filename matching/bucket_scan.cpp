// SPDX-License-Identifier: Apache-2.0
// Which of an array of perceptual hashes lie within a radius.
#include "matching/bucket_scan.h"

#include <bit>
#include <cassert>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace imgdedup::matching {
namespace {

std::size_t scan_portable(std::span<const PerceptualHash> hashes, PerceptualHash query,
                          int radius_bits, std::uint32_t* positions) {
  std::size_t found = 0;
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    // Written always, kept only on a hit: no branch to mispredict.
    positions[found] = static_cast<std::uint32_t>(i);
    found += hamming_distance(hashes[i], query) <= radius_bits ? 1 : 0;
  }
  return found;
}

#if defined(__x86_64__)

std::uint32_t* write_positions(std::uint32_t mask, std::size_t base, std::uint32_t* positions) {
  for (; mask != 0; mask &= mask - 1)
    *positions++ =
        static_cast<std::uint32_t>(base) + static_cast<std::uint32_t>(std::countr_zero(mask));
  return positions;
}

__attribute__((target("avx2"))) inline std::uint32_t hits_avx2(const PerceptualHash* hashes,
                                                               __m256i query, __m256i above) {
  const __m256i table = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4,  //
                                         0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
  const __m256i low_nibble = _mm256_set1_epi8(0x0F);
  const __m256i differing =
      _mm256_xor_si256(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(hashes)), query);
  const __m256i low = _mm256_shuffle_epi8(table, _mm256_and_si256(differing, low_nibble));
  const __m256i high =
      _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(differing, 4), low_nibble));
  const __m256i bits = _mm256_sad_epu8(_mm256_add_epi8(low, high), _mm256_setzero_si256());
  return static_cast<std::uint32_t>(
      _mm256_movemask_pd(_mm256_castsi256_pd(_mm256_cmpgt_epi64(above, bits))));
}

__attribute__((target("avx2"))) std::size_t scan_avx2(std::span<const PerceptualHash> hashes,
                                                      PerceptualHash query, int radius_bits,
                                                      std::uint32_t* positions) {
  const __m256i query_lanes = _mm256_set1_epi64x(static_cast<long long>(query.bits));
  const __m256i above = _mm256_set1_epi64x(radius_bits + 1);
  std::uint32_t* end = positions;
  std::size_t i = 0;
  for (; i + 16 <= hashes.size(); i += 16) {
    const PerceptualHash* block = hashes.data() + i;
    const std::uint32_t mask = hits_avx2(block, query_lanes, above) |
                               hits_avx2(block + 4, query_lanes, above) << 4 |
                               hits_avx2(block + 8, query_lanes, above) << 8 |
                               hits_avx2(block + 12, query_lanes, above) << 12;
    if (mask != 0) [[unlikely]]
      end = write_positions(mask, i, end);
  }
  for (; i < hashes.size(); ++i)
    if (hamming_distance(hashes[i], query) <= radius_bits) *end++ = static_cast<std::uint32_t>(i);
  return static_cast<std::size_t>(end - positions);
}

__attribute__((target("avx512f,avx512vpopcntdq"))) inline std::uint32_t hits_avx512(
    __m512i hashes, __m512i query, __m512i radius) {
  return _mm512_cmple_epu64_mask(_mm512_popcnt_epi64(_mm512_xor_si512(hashes, query)), radius);
}

__attribute__((target("avx512f,avx512vpopcntdq"))) std::size_t scan_avx512(
    std::span<const PerceptualHash> hashes, PerceptualHash query, int radius_bits,
    std::uint32_t* positions) {
  const __m512i query_lanes = _mm512_set1_epi64(static_cast<long long>(query.bits));
  const __m512i radius = _mm512_set1_epi64(radius_bits);
  std::uint32_t* end = positions;
  std::size_t i = 0;
  for (; i + 32 <= hashes.size(); i += 32) {
    const PerceptualHash* block = hashes.data() + i;
    const std::uint32_t mask =
        hits_avx512(_mm512_loadu_si512(block), query_lanes, radius) |
        hits_avx512(_mm512_loadu_si512(block + 8), query_lanes, radius) << 8 |
        hits_avx512(_mm512_loadu_si512(block + 16), query_lanes, radius) << 16 |
        hits_avx512(_mm512_loadu_si512(block + 24), query_lanes, radius) << 24;
    if (mask != 0) [[unlikely]]
      end = write_positions(mask, i, end);
  }
  for (; i < hashes.size(); i += 8) {
    const std::size_t left = hashes.size() - i;
    const auto lanes = static_cast<__mmask8>(left >= 8 ? 0xFFU : (1U << left) - 1U);
    const __m512i block = _mm512_maskz_loadu_epi64(lanes, hashes.data() + i);
    end = write_positions(hits_avx512(block, query_lanes, radius) & lanes, i, end);
  }
  return static_cast<std::size_t>(end - positions);
}

#endif

}  // namespace

bool is_supported(ScanKernel kernel) {
  switch (kernel) {
    case ScanKernel::portable:
      return true;
#if defined(__x86_64__)
    case ScanKernel::avx2:
      return __builtin_cpu_supports("avx2") != 0;
    case ScanKernel::avx512:
      return __builtin_cpu_supports("avx512f") != 0 &&
             __builtin_cpu_supports("avx512vpopcntdq") != 0;
#else
    default:
      return false;
#endif
  }
  return false;
}

ScanKernel fastest_scan_kernel() {
  static const ScanKernel fastest = [] {
    for (const ScanKernel kernel : {ScanKernel::avx512, ScanKernel::avx2})
      if (is_supported(kernel)) return kernel;
    return ScanKernel::portable;
  }();
  return fastest;
}

ScanFunction scan_function(ScanKernel kernel) {
  assert(is_supported(kernel));
#if defined(__x86_64__)
  if (kernel == ScanKernel::avx512) return scan_avx512;
  if (kernel == ScanKernel::avx2) return scan_avx2;
#endif
  return scan_portable;
}

}  // namespace imgdedup::matching
