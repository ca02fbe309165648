// SPDX-License-Identifier: Apache-2.0
// How much of a picture there is to judge by.
#include "hashing/detail.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include <opencv2/core.hpp>

namespace imgdedup::hashing {

float detail_of(const LanczosSource& grey, cv::Size size) {
  constexpr int cells_a_side = 32;
  const cv::Mat cells = grey.resized(cells_a_side, cells_a_side);
  // Beyond this a difference counts no more: a few hard edges, as of a flag, are little to judge
  // by.
  constexpr int most = 16;
  int sum = 0, count = 0;
  for (int y = 0; y + 1 < cells_a_side; ++y) {
    const auto* row = cells.ptr<std::uint8_t>(y);
    const auto* next_row = cells.ptr<std::uint8_t>(y + 1);
    for (int x = 0; x + 1 < cells_a_side; ++x, count += 2)
      sum += std::min(most, std::abs(row[x + 1] - row[x])) +
             std::min(most, std::abs(next_row[x] - row[x]));
  }
  const float side = static_cast<float>(std::min({size.width, size.height, full_detail_side})) /
                     static_cast<float>(full_detail_side);
  return static_cast<float>(sum) / static_cast<float>(count) * side;
}

}  // namespace imgdedup::hashing
