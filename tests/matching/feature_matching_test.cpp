// SPDX-License-Identifier: Apache-2.0
// Features that are the same places, and the transform they agree on.
#include "matching/feature_matching.h"

#include <doctest/doctest.h>

#include <cmath>
#include <random>

namespace imgdedup::matching {
namespace {

LocalFeatures scattered_features(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  LocalFeatures picture{320, 240, {}};
  for (int i = 0; i < 150; ++i) {
    LocalFeature feature;
    feature.x_sixteenths = static_cast<std::uint16_t>(160 + random() % (300 * 16));
    feature.y_sixteenths = static_cast<std::uint16_t>(160 + random() % (220 * 16));
    feature.direction = static_cast<std::uint8_t>(random());
    feature.level = static_cast<std::uint8_t>(random() % 4);
    for (auto& word : feature.descriptor) word = random();
    picture.features.push_back(feature);
  }
  return picture;
}

/// Those features whose places `transform` keeps within a picture of 320 x 240, moved.
LocalFeatures moved(const LocalFeatures& picture, const AffineTransform& transform) {
  LocalFeatures result{320, 240, {}};
  const auto turn = std::lround(transform.rotation_degrees() * 256 / 360);
  for (LocalFeature feature : picture.features) {
    const Point place = transform({feature.x_sixteenths / 16.0, feature.y_sixteenths / 16.0});
    if (place.x < 0 || place.y < 0 || place.x > 319 || place.y > 239) continue;
    feature.x_sixteenths = static_cast<std::uint16_t>(std::lround(place.x * 16));
    feature.y_sixteenths = static_cast<std::uint16_t>(std::lround(place.y * 16));
    feature.direction = static_cast<std::uint8_t>(feature.direction + turn);
    result.features.push_back(feature);
  }
  return result;
}

TEST_CASE("the transform that leads one picture's features to another's is found") {
  const LocalFeatures picture = scattered_features(1);
  const double angle = 0.4;
  const AffineTransform turn{std::cos(angle), -std::sin(angle), 40,
                             std::sin(angle), std::cos(angle),  -20};
  const LocalFeatures other = moved(picture, turn);
  REQUIRE(other.features.size() > 60);
  const FeatureAgreement agreement = agree(picture, other);
  CHECK(may_be_edited(agreement));
  CHECK(!agreement.mirrored);
  CHECK(agreement.agreeing.size() == other.features.size());
  CHECK(agreement.transform.rotation_degrees() ==
        doctest::Approx(turn.rotation_degrees()).epsilon(0.01));
  const Point expected = turn({100, 100}), found = agreement.transform({100, 100});
  CHECK(std::hypot(expected.x - found.x, expected.y - found.y) < 1);
}

TEST_CASE("a mirrored picture agrees without being looked at again") {
  const LocalFeatures picture = scattered_features(2);
  const FeatureAgreement agreement = agree(picture, mirrored(picture));
  CHECK(agreement.mirrored);
  CHECK(agreement.agreeing.size() == picture.features.size());
  const Point corner = agreement.transform({0, 0});
  CHECK(corner.x == doctest::Approx(319).epsilon(0.01));
  CHECK(std::abs(corner.y) < 0.5);
}

TEST_CASE("mirroring twice gives the same features back") {
  const LocalFeatures picture = scattered_features(3);
  CHECK(mirrored(picture) != picture);
  CHECK(mirrored(mirrored(picture)) == picture);
}

TEST_CASE("pictures that share nothing do not agree") {
  CHECK(!may_be_edited(agree(scattered_features(4), scattered_features(5))));
  CHECK(!may_be_edited(agree(scattered_features(4), {})));
  CHECK(!may_be_edited(agree({}, {})));
}

TEST_CASE("features of one place count once") {
  LocalFeatures picture = scattered_features(6);
  for (LocalFeature& feature : picture.features) feature.x_sixteenths = feature.y_sixteenths = 1600;
  CHECK(agree(picture, picture).inliers <= 1);
}

TEST_CASE("a known transform finds more agreeing features, and no others") {
  const LocalFeatures picture = scattered_features(7);
  const AffineTransform shift{1, 0, 30, 0, 1, 10};
  const LocalFeatures other = moved(picture, shift);
  CHECK(agreement_on(picture, other, shift).agreeing.size() >= other.features.size());
  const AffineTransform elsewhere{1, 0, -60, 0, 1, 50};
  CHECK(agreement_on(picture, other, elsewhere).inliers == 0);
  const AffineTransform mirror{-1, 0, 319, 0, 1, 0};
  CHECK(agreement_on(picture, mirrored(picture), mirror).agreeing.size() >=
        picture.features.size());
}

TEST_CASE("a fitted transform leads the points where they belong") {
  const AffineTransform truth{0.8, -0.3, 12, 0.4, 1.1, -7};
  std::vector<PointPair> pairs;
  for (const Point point : {Point{0, 0}, Point{100, 0}, Point{30, 80}, Point{90, 95}})
    pairs.push_back({point, truth(point)});
  const auto fitted = fit_affine(pairs);
  REQUIRE(fitted);
  CHECK(fitted->xy == doctest::Approx(-0.3));
  CHECK(fitted->dy == doctest::Approx(-7));
  const Point back = fitted->inverse()(truth({10, 20}));
  CHECK(back.x == doctest::Approx(10));
  CHECK(back.y == doctest::Approx(20));
  const std::vector<PointPair> line{{{0, 0}, {0, 0}}, {{1, 1}, {1, 1}}, {{2, 2}, {2, 2}}};
  CHECK(!fit_affine(line));
  CHECK(!fit_similarity(std::vector<PointPair>(3, PointPair{{5, 5}, {1, 1}})));
}

TEST_CASE("a transform says how it enlarges, turns, stretches and mirrors") {
  const AffineTransform quarter{0, -2, 0, 2, 0, 0};
  CHECK(quarter.scale() == doctest::Approx(2));
  CHECK(quarter.rotation_degrees() == doctest::Approx(90));
  CHECK(quarter.stretch() == doctest::Approx(1));
  const AffineTransform squeezed_mirror{-1, 0, 0, 0, 0.5, 0};
  CHECK(squeezed_mirror.determinant() < 0);
  CHECK(squeezed_mirror.stretch() == doctest::Approx(2));
  CHECK(squeezed_mirror.rotation_degrees() == doctest::Approx(0));
}

}  // namespace
}  // namespace imgdedup::matching
