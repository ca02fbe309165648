// SPDX-License-Identifier: Apache-2.0
// Edited copies are measured as such: features, turned hashes, the comparison of both files.
#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "hashing/local_features.h"
#include "hashing/measure.h"
#include "matching/edited_confirmation.h"
#include "matching/feature_matching.h"
#include "support/drawn_pictures.h"

namespace imgdedup::hashing {
namespace {

using testing::encode_picture;

constexpr matching::Measures with_features{.features = true, .embedding = false};

Bytes bytes_of(const std::string& file) {
  return {reinterpret_cast<const std::uint8_t*>(file.data()), file.size()};
}

matching::Measurement measured(const std::string& file, const matching::Measures& measures) {
  return std::get<matching::Measurement>(measure_image(bytes_of(file), {}, measures));
}

bool is_edited(const std::string& left, const std::string& right) {
  const auto compared = std::get<matching::Comparison>(
      compare_images(bytes_of(left), bytes_of(right), {}, with_features));
  return compared.edit && confirms_edited(*compared.edit, measured(left, {}).fingerprint,
                                          measured(right, {}).fingerprint);
}

bool passes_gate(const std::string& left, const std::string& right) {
  return may_be_edited(agree(measured(left, with_features).features->local,
                             measured(right, with_features).features->local));
}

cv::Mat turned(const cv::Mat& picture, matching::Turn turn) {
  cv::Mat result = picture.clone();
  const auto index = static_cast<int>(turn);
  if (index >= 3) cv::flip(result, result, 1);
  const int quarters = index < 3 ? index + 1 : index - 3;
  for (int i = 0; i < quarters; ++i) cv::rotate(result, result, cv::ROTATE_90_CLOCKWISE);
  return result;
}

TEST_CASE("asking for features changes nothing of the fingerprint") {
  for (const char* extension : {".jpg", ".png"})
    for (const testing::PictureSize size : {testing::PictureSize{400, 300}, {500, 375}, {90, 60}}) {
      const std::string file = encode_picture(testing::draw_picture(1, size), extension);
      const auto plain = measured(file, {}), rich = measured(file, with_features);
      CHECK(plain.fingerprint == rich.fingerprint);
      CHECK(!plain.features);
      REQUIRE(rich.features);
      CHECK(rich.features->local.features.size() <= matching::max_local_features);
    }
}

TEST_CASE("the turned hashes are those of the turned picture") {
  const cv::Mat picture = testing::draw_picture(2);
  const auto features = measured(encode_picture(picture, ".png"), with_features).features;
  REQUIRE(features);
  for (std::size_t i = 0; i < matching::turn_count; ++i) {
    CAPTURE(i);
    const cv::Mat copy = turned(picture, static_cast<matching::Turn>(i));
    const auto hashes = measured(encode_picture(copy, ".png"), {}).fingerprint.hashes;
    for (const auto kind : {matching::HashKind::ahash, matching::HashKind::dhash,
                            matching::HashKind::phash, matching::HashKind::whash})
      CHECK(matching::hamming_distance(features->turned_hashes[i].of(kind), hashes.of(kind)) <= 2);
  }
}

TEST_CASE("features of the mirrored picture are the mirrored features") {
  cv::Mat grey, mirrored_grey;
  cv::cvtColor(testing::draw_picture(3, {320, 240}), grey, cv::COLOR_BGR2GRAY);
  cv::flip(grey, mirrored_grey, 1);
  const auto expected = mirrored(local_features_of(grey)), found = local_features_of(mirrored_grey);
  const auto agreement = agree(expected, found);
  CHECK(!agreement.mirrored);
  CHECK(agreement.agreeing.size() > expected.features.size() / 2);
  std::size_t close = 0;
  for (const auto& match : agreement.agreeing) close += match.distance_bits <= 10 ? 1U : 0U;
  CHECK(close > agreement.agreeing.size() * 3 / 4);
}

void check_found_as_edited(const std::string& original, std::initializer_list<cv::Mat> copies) {
  int kind = 0;
  for (const cv::Mat& copy : copies) {
    const std::string file = encode_picture(copy, ".jpg", 75);
    CAPTURE(kind);
    ++kind;
    CHECK(passes_gate(original, file));
    CHECK(is_edited(original, file));
    CHECK(is_edited(file, original));
  }
}

TEST_CASE("crops, turns, mirrors, frames and captions are found; other pictures are not") {
  const cv::Mat picture = testing::draw_picture(4, {640, 480});
  const std::string original = encode_picture(picture, ".jpg");
  cv::Mat mirror, quarter, framed, tilted, captioned = picture.clone();
  cv::flip(picture, mirror, 1);
  cv::rotate(picture, quarter, cv::ROTATE_90_CLOCKWISE);
  cv::copyMakeBorder(picture, framed, 40, 40, 40, 40, cv::BORDER_CONSTANT, {255, 255, 255});
  cv::warpAffine(picture, tilted, cv::getRotationMatrix2D({320, 240}, 25, 1), picture.size());
  cv::rectangle(captioned, cv::Rect(0, 420, 640, 60), {255, 255, 255}, cv::FILLED);
  cv::putText(captioned, "when the build is green", {20, 460}, cv::FONT_HERSHEY_SIMPLEX, 1,
              {0, 0, 0}, 2);
  const cv::Mat crop = picture(cv::Rect(120, 60, 440, 330));
  check_found_as_edited(original, {crop, mirror, quarter, framed, tilted, captioned});
  for (const std::uint64_t seed : {5U, 6U, 7U})
    CHECK(!is_edited(original, encode_picture(testing::draw_picture(seed, {640, 480}), ".jpg")));
}

TEST_CASE("what a tilted camera, a lens and a meme make of a picture is found") {
  const cv::Mat picture = testing::draw_picture(10, {640, 480});
  const std::string original = encode_picture(picture, ".jpg");
  cv::Mat tilted, bulged, meme = picture.clone(), shaded = picture.clone();
  const std::vector<cv::Point2f> corners{{0, 0}, {640, 0}, {640, 480}, {0, 480}};
  const std::vector<cv::Point2f> seen{{45, 15}, {595, 0}, {640, 456}, {0, 480}};
  cv::warpPerspective(picture, tilted, cv::getPerspectiveTransform(seen, corners), picture.size());
  cv::Mat places(picture.size(), CV_32FC2);
  for (int y = 0; y < picture.rows; ++y)
    for (int x = 0; x < picture.cols; ++x) {
      const float u = (static_cast<float>(x) - 320) / 320, v = (static_cast<float>(y) - 240) / 240;
      const float stretch = 1 + 0.05F * (u * u + v * v - 1);
      places.at<cv::Vec2f>(y, x) = {320 + u * stretch * 320, 240 + v * stretch * 240};
      const float light = 1 - 0.2F * (u * u + v * v);
      shaded.at<cv::Vec3b>(y, x) *= light;
    }
  cv::remap(picture, bulged, places, {}, cv::INTER_LINEAR);
  for (const auto& [text, height] : {std::pair("ONE DOES NOT", 60), std::pair("SIMPLY MERGE", 450)})
    cv::putText(meme, text, {70, height}, cv::FONT_HERSHEY_SIMPLEX, 2, {255, 255, 255}, 6);
  check_found_as_edited(original, {tilted, bulged, meme, shaded});
}

/// A sheet of a form: the same lines and questions on each, answers of its own.
cv::Mat form(unsigned seed) {
  constexpr const char* questions[] = {"Surname", "Given name", "Born on", "Street", "Town",
                                       "Trade",   "Since when", "Reason",  "Sum",    "Signed"};
  constexpr const char* answers[] = {"Okafor", "Lindqvist", "Leeds",   "teacher", "12 May",
                                     "Moreau", "baker",     "Harbour", "none",    "4711"};
  cv::Mat sheet(780, 600, CV_8UC3, cv::Scalar(255, 255, 255));
  cv::rectangle(sheet, cv::Rect(12, 12, 576, 756), {0, 0, 0}, 2);
  cv::putText(sheet, "APPLICATION FOR A PERMIT", {60, 60}, cv::FONT_HERSHEY_SIMPLEX, 1, {0, 0, 0},
              2);
  for (unsigned i = 0; i < 20; ++i) {
    const cv::Point at(30 + static_cast<int>(i % 2) * 280, 105 + static_cast<int>(i / 2) * 66);
    cv::putText(sheet, questions[i / 2], at, cv::FONT_HERSHEY_SIMPLEX, 0.7, {0, 0, 0}, 2);
    cv::line(sheet, at + cv::Point(0, 36), at + cv::Point(250, 36), {0, 0, 0}, 1);
    const unsigned first = seed * 7 + i * 3 + i * i * seed, second = seed * 3 + i * 7 + seed * seed;
    cv::putText(sheet, std::string(answers[first % 10]) + ' ' + answers[second % 10],
                at + cv::Point(6, 29), cv::FONT_HERSHEY_SIMPLEX, 0.6, {130, 30, 30}, 1);
  }
  return sheet;
}

TEST_CASE("sheets of one form, filled in differently, are no copies; a scan of one of them is") {
  const std::string sheet = encode_picture(form(1), ".png");
  for (const unsigned other : {2U, 3U, 4U}) {
    CAPTURE(other);
    CHECK(!is_edited(sheet, encode_picture(form(other), ".png")));
  }
  cv::Mat scan;
  cv::warpAffine(form(1), scan, cv::getRotationMatrix2D({300, 390}, 1.5, 0.97), {600, 780},
                 cv::INTER_LINEAR, cv::BORDER_CONSTANT, {255, 255, 255});
  cv::GaussianBlur(scan, scan, {}, 0.8);
  CHECK(is_edited(sheet, encode_picture(scan, ".jpg", 80)));
}

/// A medal: the same for each but for what stands in its middle.
cv::Mat medal(const std::string& letters) {
  cv::Mat picture(480, 480, CV_8UC3, cv::Scalar(255, 255, 255));
  const cv::Point middle(240, 240);
  cv::circle(picture, middle, 200, {150, 90, 60}, cv::FILLED, cv::LINE_AA);
  cv::circle(picture, middle, 160, {190, 130, 90}, cv::FILLED, cv::LINE_AA);
  for (int i = 0; i < 24; ++i) {
    const double angle = i * CV_PI / 12;
    const cv::Point at(middle.x + cvRound(180 * std::cos(angle)),
                       middle.y + cvRound(180 * std::sin(angle)));
    cv::putText(picture, std::string(1, static_cast<char>('A' + i * 7 % 26)), at + cv::Point(-9, 9),
                cv::FONT_HERSHEY_SIMPLEX, 0.9, {230, 230, 200}, 2, cv::LINE_AA);
    cv::circle(picture, middle + (at - middle) * 3 / 4, 4 + i % 4, {40, 60, 120}, cv::FILLED);
  }
  cv::putText(picture, letters, {180, 265}, cv::FONT_HERSHEY_SIMPLEX, 2, {250, 240, 60}, 6,
              cv::LINE_AA);
  return picture;
}

TEST_CASE("drawings that differ in what they are about are no copies; with a caption they are") {
  const std::string original = encode_picture(medal("RX"), ".png");
  for (const char* other : {"72", "JS", "OM"}) {
    CAPTURE(std::string(other));
    CHECK(!is_edited(original, encode_picture(medal(other), ".png")));
  }
  cv::Mat captioned = medal("RX");
  cv::rectangle(captioned, cv::Rect(0, 380, 480, 100), {30, 30, 30}, cv::FILLED);
  cv::putText(captioned, "first of its kind", {90, 440}, cv::FONT_HERSHEY_SIMPLEX, 1,
              {255, 255, 255}, 2);
  check_found_as_edited(original, {captioned, medal("RX")(cv::Rect(20, 0, 440, 450))});
}

TEST_CASE("a comparison says where the crop lies") {
  const cv::Mat picture = testing::draw_picture(8, {480, 360});
  const auto compared = std::get<matching::Comparison>(compare_images(
      bytes_of(encode_picture(picture, ".png")),
      bytes_of(encode_picture(picture(cv::Rect(100, 50, 340, 255)), ".png")), {}, with_features));
  REQUIRE(compared.edit);
  CHECK(compared.edit->left_overlap == doctest::Approx(340.0 * 255 / (480 * 360)).epsilon(0.05));
  CHECK(compared.edit->right_overlap == doctest::Approx(1).epsilon(0.05));
  CHECK(compared.edit->scale == doctest::Approx(1).epsilon(0.02));
  CHECK(compared.edit->stretch == doctest::Approx(1).epsilon(0.02));
  CHECK(!compared.edit->mirrored);
  CHECK(compared.edit->overlap_ssim > 0.95);
}

TEST_CASE("flat, tiny and empty pictures have no features and no edits, and nothing breaks") {
  for (const cv::Size size : {cv::Size(1, 1), cv::Size(17, 400), cv::Size(400, 300)}) {
    const std::string file =
        encode_picture(cv::Mat(size, CV_8UC3, cv::Scalar(90, 120, 30)), ".png");
    CHECK(measured(file, with_features).features->local.features.empty());
    CHECK(!is_edited(file, encode_picture(testing::draw_picture(9), ".png")));
    CHECK(!is_edited(file, file));
  }
}

}  // namespace
}  // namespace imgdedup::hashing
