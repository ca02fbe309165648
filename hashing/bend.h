// SPDX-License-Identifier: Apache-2.0
// A smooth bend of a picture: what a tilted camera, a scanner or a lens does to it.
#pragma once

#include <array>
#include <functional>
#include <initializer_list>

#include <opencv2/core/mat.hpp>

#include "matching/affine_transform.h"

namespace imgdedup::hashing {

/// Moves the places of a frame by polynomials of their position: with u and v the distances from
/// the frame's middle in halves of its width, by sums of 1, u, v, uu, uv, vv (which follow a tilt
/// nearly) and u rr, v rr with rr = uu + vv (which follow a lens).
struct Bend {
  static constexpr std::size_t terms = 8;
  std::array<double, terms> x{}, y{};  ///< pixels of the frame a unit of each term

  /// Where `place` of a frame of this size is moved to, in pixels.
  [[nodiscard]] matching::Point operator()(matching::Point place, cv::Size frame) const;

  bool operator==(const Bend&) const = default;
};

/// The bend under which the other picture fits `left` best, from none on; none if no bend does.
/// left: CV_32FC1. picture_through, mask_through: the other picture as the frame shows it bent,
/// CV_32FC1, and where it does show something, CV_8UC1. smoothings: as for aligned(). Any thread.
Bend best_bend(const cv::Mat& left, const std::function<cv::Mat(const Bend&)>& picture_through,
               const std::function<cv::Mat(const Bend&)>& mask_through,
               std::initializer_list<double> smoothings);

}  // namespace imgdedup::hashing
