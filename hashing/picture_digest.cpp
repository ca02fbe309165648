// SPDX-License-Identifier: Apache-2.0
// 64 bits that are equal for equal pictures.
#include "hashing/picture_digest.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstring>

#include <opencv2/core.hpp>

namespace imgdedup::hashing {
namespace {

constexpr std::uint64_t odd = 0x9e37'79b9'7f4a'7c15;  // 2^64 divided by the golden ratio

std::uint64_t mixed(std::uint64_t state, std::uint64_t word) {
  state = (state ^ word) * odd;
  return state ^ state >> 29;
}

/// The next 8 bytes as a little-endian number, zeros behind the end.
std::uint64_t word_at(const std::uint8_t* bytes, std::size_t size, std::size_t at) {
  std::uint64_t word = 0;
  if (at < size) std::memcpy(&word, bytes + at, std::min<std::size_t>(sizeof word, size - at));
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  return word;
}

}  // namespace

std::uint64_t digest_of_picture(const cv::Mat& picture) {
  // Four lanes, because each step of one waits for the one before.
  std::array<std::uint64_t, 4> lanes{1, 2, 3, 4};
  const std::size_t row_bytes = static_cast<std::size_t>(picture.cols) * picture.elemSize();
  for (int y = 0; y < picture.rows; ++y) {
    const std::uint8_t* row = picture.ptr(y);
    for (std::size_t at = 0; at < row_bytes; at += 32)
      for (std::size_t lane = 0; lane < lanes.size(); ++lane)
        lanes[lane] = mixed(lanes[lane], word_at(row, row_bytes, at + lane * 8));
  }
  std::uint64_t digest = mixed(static_cast<std::uint64_t>(picture.cols),
                               static_cast<std::uint64_t>(picture.rows) << 32 |
                                   static_cast<std::uint64_t>(picture.channels()));
  for (const std::uint64_t lane : lanes) digest = mixed(digest, lane);
  return digest;
}

}  // namespace imgdedup::hashing
