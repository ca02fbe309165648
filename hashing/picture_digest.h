// SPDX-License-Identifier: Apache-2.0
// 64 bits that are equal for equal pictures.
#pragma once

#include <cstdint>

#include <opencv2/core/mat.hpp>

namespace imgdedup::hashing {

/// A hash over the size and all samples of `picture` (8 bits a sample). Not cryptographic: it finds
/// candidates, and whether their pixels are equal, compare_images() says. The same on every
/// machine. Any thread.
std::uint64_t digest_of_picture(const cv::Mat& picture);

}  // namespace imgdedup::hashing
