// SPDX-License-Identifier: Apache-2.0
// A picture that the tests of hashing/ share with scripts in Python.
#pragma once

#include <cstdint>

#include <opencv2/core.hpp>

namespace imgdedup::hashing {

/// A picture that needs no drawing code: the same numbers in any language.
inline cv::Mat formula_picture(int width, int height) {
  cv::Mat picture(height, width, CV_8UC3);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      const int red = (x * x / 7 + y * 3) % 256, green = (x * 5 + y * y / 11) % 256;
      const int blue = (x * y / 13 + 40) % 256;
      picture.at<cv::Vec3b>(y, x) = {static_cast<std::uint8_t>(blue),
                                     static_cast<std::uint8_t>(green),
                                     static_cast<std::uint8_t>(red)};
    }
  return picture;
}

}  // namespace imgdedup::hashing
