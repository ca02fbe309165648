// SPDX-License-Identifier: Apache-2.0
// How a movement of one picture over another is improved: roughly first, then finely.
#pragma once

#include <algorithm>
#include <functional>
#include <initializer_list>
#include <optional>

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "hashing/toned_difference.h"

namespace imgdedup::hashing {

/// What coarse_to_fine() has to know of a kind of movement.
template <class Movement>
struct MovementKind {
  /// The other picture as a movement shows it, of the size of the left one, CV_32FC1.
  const std::function<cv::Mat(const Movement&)>& picture_through;
  /// Where both pictures show something, CV_8UC1.
  const std::function<cv::Mat(const Movement&)>& mask_through;
  /// What a difference is multiplied by where the two share so many pixels, and shared `first` at
  /// the start, for sliding out of sight what does not fit is no better fit; nothing: they share
  /// too little.
  std::optional<double> (*weight)(int shared, int first, cv::Size frame);
  /// A step that leaves more than this part of the difference is the last.
  double least_advance = 1;
  /// The movement that follows from what is left of the difference; nothing: there is none.
  std::optional<Movement> (*next)(const Movement& tried, const TonedDifference& difference,
                                  const cv::Mat& right, const cv::Mat& mask);
};

/// The movement, at best `start` itself, that leaves the least difference (Gauss-Newton steps on
/// ever less smoothed pictures). left: CV_32FC1. smoothings: standard deviations, in pixels, of the
/// smoothing in each round: the more, the farther a round reaches. Any thread.
template <class Movement>
Movement coarse_to_fine(const cv::Mat& left, const Movement& start,
                        const MovementKind<Movement>& kind,
                        std::initializer_list<double> smoothings) {
  Movement best = start;
  const int first = std::max(1, cv::countNonZero(kind.mask_through(start)));
  for (const double smoothing : smoothings) {
    const auto smoothed = [smoothing](const cv::Mat& picture) {
      cv::Mat result;
      cv::GaussianBlur(picture, result, {}, smoothing);
      return result;
    };
    const cv::Mat left_smoothed = smoothed(left);
    double best_difference = 1e9;
    Movement tried = best;
    constexpr int most_steps = 6;
    for (int i = 0; i < most_steps; ++i) {
      const cv::Mat right = smoothed(kind.picture_through(tried)), mask = kind.mask_through(tried);
      const auto weight = kind.weight(cv::countNonZero(mask), first, mask.size());
      if (!weight) break;
      const TonedDifference difference = toned_difference(left_smoothed, right, mask);
      if (difference.typical * *weight >= best_difference * kind.least_advance) break;
      best_difference = difference.typical * *weight;
      best = tried;
      const auto next = kind.next(tried, difference, right, mask);
      if (!next) break;
      tried = *next;
    }
  }
  return best;
}

}  // namespace imgdedup::hashing
