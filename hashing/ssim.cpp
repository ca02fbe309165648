// SPDX-License-Identifier: Apache-2.0
// Structural similarity of two grey pictures, place by place.
#include "hashing/ssim.h"

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

namespace imgdedup::hashing {

namespace {

constexpr double c1 = (0.01 * 255) * (0.01 * 255), c2 = (0.03 * 255) * (0.03 * 255);

cv::Mat blurred(const cv::Mat& picture) {
  cv::Mat result;
  cv::boxFilter(picture, result, CV_32F, cv::Size(7, 7), cv::Point(-1, -1), true,
                cv::BORDER_REFLECT_101);
  return result;
}

}  // namespace

cv::Mat ssim_map(const cv::Mat& a, const cv::Mat& b) {
  const cv::Mat mean_a = blurred(a), mean_b = blurred(b);
  const cv::Mat squares = mean_a.mul(mean_a) + mean_b.mul(mean_b);
  const cv::Mat product = mean_a.mul(mean_b);
  const cv::Mat variances = blurred(a.mul(a)) + blurred(b.mul(b)) - squares;
  const cv::Mat covariance = blurred(a.mul(b)) - product;
  cv::Mat map;
  cv::divide((2 * product + c1).mul(2 * covariance + c2), (squares + c1).mul(variances + c2), map);
  // What differs by rounding errors only would come out above the most that there is.
  cv::min(map, 1, map);
  return map;
}

cv::Mat structure_map(const cv::Mat& a, const cv::Mat& b) {
  const cv::Mat mean_a = blurred(a), mean_b = blurred(b);
  cv::Mat variance_a = blurred(a.mul(a)) - mean_a.mul(mean_a);
  cv::Mat variance_b = blurred(b.mul(b)) - mean_b.mul(mean_b);
  const cv::Mat covariance = blurred(a.mul(b)) - mean_a.mul(mean_b);
  cv::Mat deviations;
  cv::sqrt(cv::max(variance_a, 0).mul(cv::max(variance_b, 0)), deviations);
  cv::Mat map;
  cv::divide(covariance + c2 / 2, deviations + c2 / 2, map);
  cv::min(map, 1, map);
  return map;
}

}  // namespace imgdedup::hashing
