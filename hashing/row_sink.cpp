// SPDX-License-Identifier: Apache-2.0
// Takes a picture part by part, so that nobody has to hold all of it.
#include "hashing/row_sink.h"

#include <cstddef>
#include <cstring>

#include <opencv2/core.hpp>

namespace imgdedup::hashing {

void give_rows(const cv::Mat& picture, RowSink& sink) {
  sink.begin(picture.size(), picture.type());
  for (int y = 0; y < picture.rows; ++y)
    sink.add({.y = y, .count = picture.cols, .samples = picture.ptr(y)});
}

void WholePicture::begin(cv::Size size, int type) { picture_.create(size, type); }

void WholePicture::add(const RowPart& part) {
  const std::size_t bytes = picture_.elemSize();
  std::uint8_t* out = picture_.ptr(part.y, part.first_x);
  if (part.step_x == 1) {
    std::memcpy(out, part.samples, bytes * static_cast<std::size_t>(part.count));
    return;
  }
  const std::uint8_t* in = part.samples;
  for (int i = 0; i < part.count;
       ++i, in += bytes, out += bytes * static_cast<std::size_t>(part.step_x))
    std::memcpy(out, in, bytes);
}

}  // namespace imgdedup::hashing
