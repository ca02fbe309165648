// SPDX-License-Identifier: Apache-2.0
// Which hashes of 256 bits lie within a radius of each other.
#include "matching/wide_hash_scan.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace imgdedup::matching {
namespace {

constexpr std::size_t lanes = 8, words = EncodedHash::most_words, group_words = lanes * words;
/// 32 KiB of hashes, which stay in the first cache while all queries pass over them.
constexpr std::size_t block_groups = 128;

struct Query {
  std::array<std::uint64_t, words> bits;
  int radius_bits;
};

/// A bit for each hash of a group that lies within the radius.
std::uint32_t near_portable(const std::uint64_t* group, const Query& query) {
  std::uint32_t mask = 0;
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    int distance = 0;
    for (std::size_t word = 0; word < words; ++word)
      distance += std::popcount(group[word * lanes + lane] ^ query.bits[word]);
    mask |= (distance <= query.radius_bits ? 1U : 0U) << lane;
  }
  return mask;
}

std::uint32_t* write_positions(std::uint32_t mask, std::size_t group, std::uint32_t* positions) {
  for (; mask != 0; mask &= mask - 1)
    *positions++ = static_cast<std::uint32_t>(group * lanes) +
                   static_cast<std::uint32_t>(std::countr_zero(mask));
  return positions;
}

/// Writes the positions within the groups of the hashes that are near; gives one past the last.
using ScanGroups = std::uint32_t* (*)(std::span<const std::uint64_t> groups, const Query& query,
                                      std::uint32_t* positions);

std::uint32_t* scan_portable(std::span<const std::uint64_t> groups, const Query& query,
                             std::uint32_t* positions) {
  for (std::size_t group = 0; group < groups.size() / group_words; ++group)
    positions =
        write_positions(near_portable(&groups[group * group_words], query), group, positions);
  return positions;
}

#if defined(__x86_64__)

/// Four hashes of a group, whose first words begin at `first_words`.
__attribute__((target("avx2"))) inline std::uint32_t near_avx2(const std::uint64_t* first_words,
                                                               const __m256i* query,
                                                               __m256i above) {
  const __m256i table = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4,  //
                                         0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
  const __m256i low_nibble = _mm256_set1_epi8(0x0F);
  __m256i bytes = _mm256_setzero_si256();
  for (std::size_t word = 0; word < words; ++word) {
    const __m256i differing = _mm256_xor_si256(
        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(first_words + word * lanes)),
        query[word]);
    const __m256i low = _mm256_shuffle_epi8(table, _mm256_and_si256(differing, low_nibble));
    const __m256i high =
        _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(differing, 4), low_nibble));
    bytes = _mm256_add_epi8(bytes, _mm256_add_epi8(low, high));
  }
  const __m256i bits = _mm256_sad_epu8(bytes, _mm256_setzero_si256());
  return static_cast<std::uint32_t>(
      _mm256_movemask_pd(_mm256_castsi256_pd(_mm256_cmpgt_epi64(above, bits))));
}

__attribute__((target("avx2"))) std::uint32_t* scan_avx2(std::span<const std::uint64_t> groups,
                                                         const Query& query,
                                                         std::uint32_t* positions) {
  __m256i query_lanes[words];
  for (std::size_t word = 0; word < words; ++word)
    query_lanes[word] = _mm256_set1_epi64x(static_cast<long long>(query.bits[word]));
  const __m256i above = _mm256_set1_epi64x(query.radius_bits + 1);
  for (std::size_t group = 0; group < groups.size() / group_words; ++group) {
    const std::uint64_t* first_words = &groups[group * group_words];
    const std::uint32_t mask = near_avx2(first_words, query_lanes, above) |
                               near_avx2(first_words + lanes / 2, query_lanes, above) << 4;
    if (mask != 0) [[unlikely]]
      positions = write_positions(mask, group, positions);
  }
  return positions;
}

__attribute__((target("avx512f,avx512vpopcntdq"))) std::uint32_t* scan_avx512(
    std::span<const std::uint64_t> groups, const Query& query, std::uint32_t* positions) {
  __m512i query_lanes[words];
  for (std::size_t word = 0; word < words; ++word)
    query_lanes[word] = _mm512_set1_epi64(static_cast<long long>(query.bits[word]));
  const __m512i radius = _mm512_set1_epi64(query.radius_bits);
  for (std::size_t group = 0; group < groups.size() / group_words; ++group) {
    const std::uint64_t* first_words = &groups[group * group_words];
    __m512i bits = _mm512_setzero_si512();
    for (std::size_t word = 0; word < words; ++word)
      bits = _mm512_add_epi64(
          bits, _mm512_popcnt_epi64(_mm512_xor_si512(_mm512_loadu_si512(first_words + word * lanes),
                                                     query_lanes[word])));
    const std::uint32_t mask = _mm512_cmple_epu64_mask(bits, radius);
    if (mask != 0) [[unlikely]]
      positions = write_positions(mask, group, positions);
  }
  return positions;
}

#endif

ScanGroups scan_groups_by(ScanKernel kernel) {
  assert(is_supported(kernel));
#if defined(__x86_64__)
  if (kernel == ScanKernel::avx512) return scan_avx512;
  if (kernel == ScanKernel::avx2) return scan_avx2;
#endif
  return scan_portable;
}

}  // namespace

WideHashScan::WideHashScan(std::span<const EncodedHash> hashes)
    : size_(hashes.size()), words_((hashes.size() + lanes - 1) / lanes * group_words) {
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    assert(hashes[i].size == HashSize::sixteen);
    for (std::size_t word = 0; word < words; ++word)
      words_[i / lanes * group_words + word * lanes + i % lanes] = hashes[i].words[word];
  }
}

EncodedHash WideHashScan::hash_at(std::size_t position) const {
  EncodedHash hash{HashSize::sixteen, {}};
  for (std::size_t word = 0; word < words; ++word)
    hash.words[word] = words_[position / lanes * group_words + word * lanes + position % lanes];
  return hash;
}

void WideHashScan::for_each_pair(int radius_bits, const VisitPair& visit, ScanKernel kernel) const {
  const ScanGroups scan_groups = scan_groups_by(kernel);
  const std::size_t all_groups = words_.size() / group_words;
  std::vector<std::uint32_t> positions(block_groups * lanes);
  for (std::size_t block = 0; block < all_groups; block += block_groups) {
    const std::size_t block_end = std::min(all_groups, block + block_groups);
    for (std::size_t first = 0; first < std::min(size_, block_end * lanes); ++first) {
      const EncodedHash query = hash_at(first);
      const std::size_t group = std::max(block, first / lanes);
      const std::span<const std::uint64_t> groups(words_.data() + group * group_words,
                                                  (block_end - group) * group_words);
      const auto* const end = scan_groups(groups, {query.words, radius_bits}, positions.data());
      for (const auto* at = positions.data(); at != end; ++at) {
        const std::size_t second = group * lanes + *at;
        if (second > first && second < size_)
          visit(static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(second),
                hamming_distance(query, hash_at(second)));
      }
    }
  }
}

}  // namespace imgdedup::matching
