// SPDX-License-Identifier: Apache-2.0
// What was laid over a picture is told from another picture of the same scene.
#include "hashing/tile_agreement.h"

#include <doctest/doctest.h>

#include <algorithm>

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "hashing/ssim.h"
#include "support/drawn_pictures.h"

namespace imgdedup::hashing {
namespace {

cv::Mat grey_of(const cv::Mat& picture) {
  cv::Mat grey;
  cv::cvtColor(picture, grey, cv::COLOR_BGR2GRAY);
  grey.convertTo(grey, CV_32F);
  cv::GaussianBlur(grey, grey, {}, 1.0);
  return grey;
}

cv::Mat everywhere(const cv::Mat& picture) { return {picture.size(), CV_8UC1, cv::Scalar(255)}; }

double fidelity_between(const cv::Mat& left, const cv::Mat& right) {
  return fidelity_of(best_agreement(grey_of(left), grey_of(right), everywhere(left)),
                     everywhere(left));
}

TEST_CASE("structure does not mind brightness and contrast, and minds another picture") {
  const cv::Mat picture = grey_of(testing::draw_picture(31, {256, 192}));
  const cv::Mat paler = picture * 0.5 + 60;
  CHECK(cv::mean(structure_map(picture, picture))[0] == doctest::Approx(1));
  CHECK(cv::mean(structure_map(picture, paler))[0] > 0.97);
  CHECK(cv::mean(ssim_map(picture, paler))[0] < 0.92);
  CHECK(cv::mean(structure_map(picture, grey_of(testing::draw_picture(32, {256, 192}))))[0] < 0.8);
}

TEST_CASE("edits leave most of a picture as it was") {
  const cv::Mat picture = testing::draw_picture(33, {256, 192});
  CHECK(fidelity_between(picture, picture) == doctest::Approx(1));

  cv::Mat captioned = picture.clone();
  cv::rectangle(captioned, cv::Rect(0, 164, 256, 28), {255, 255, 255}, cv::FILLED);
  cv::putText(captioned, "the caption of a picture", {8, 183}, cv::FONT_HERSHEY_SIMPLEX, 0.5,
              {0, 0, 0}, 1);
  CHECK(fidelity_between(picture, captioned) > 0.75);

  cv::Mat darker_at_the_edge = picture.clone();
  for (int y = 0; y < picture.rows; ++y)
    for (int x = 0; x < picture.cols; ++x) {
      const double u = (x - 128) / 128.0, v = (y - 96) / 96.0;
      darker_at_the_edge.at<cv::Vec3b>(y, x) *= 1 - 0.3 * std::min(1.0, (u * u + v * v) / 2);
    }
  CHECK(fidelity_between(picture, darker_at_the_edge) > 0.85);
}

/// A page of a form: a frame, a heading and fields that are filled in with one word or another.
cv::Mat form(const char* const (&words)[8]) {
  cv::Mat page(192, 256, CV_8UC3, cv::Scalar(250, 250, 250));
  cv::rectangle(page, cv::Rect(6, 6, 244, 180), {60, 60, 60}, 2);
  cv::putText(page, "APPLICATION", {60, 30}, cv::FONT_HERSHEY_SIMPLEX, 0.6, {0, 0, 0}, 2);
  for (int i = 0; i < 8; ++i) {
    const cv::Point at(20 + i % 2 * 115, 60 + i / 2 * 36);
    cv::line(page, at + cv::Point(0, 6), at + cv::Point(100, 6), {90, 90, 90}, 1);
    cv::putText(page, words[i], at, cv::FONT_HERSHEY_SIMPLEX, 0.7, {120, 30, 30}, 2);
  }
  return page;
}

TEST_CASE("another page of the same form contradicts the first one everywhere") {
  const cv::Mat one = form({"Smith", "Anna", "1971", "Leeds", "teacher", "blue", "A 12", "yes"});
  const cv::Mat two = form({"Okafor", "Ben", "2003", "Lagos", "smith", "grey", "K 7", "no"});
  CHECK(fidelity_between(one, one) == doctest::Approx(1));
  CHECK(fidelity_between(one, two) < 0.5);
}

}  // namespace
}  // namespace imgdedup::hashing
