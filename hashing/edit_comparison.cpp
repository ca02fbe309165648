// SPDX-License-Identifier: Apache-2.0
// Whether one picture lies in another: cropped, turned, mirrored, framed, captioned.
#include "hashing/edit_comparison.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "hashing/local_features.h"
#include "hashing/overlap.h"
#include "matching/feature_matching.h"

namespace imgdedup::hashing {
namespace {

using matching::AffineTransform;
using matching::EditComparison;
using matching::FeatureAgreement;
using matching::LocalFeatures;
using matching::Point;

constexpr std::size_t features_looked_at = 500;

Point place_of(const matching::LocalFeature& feature) {
  return {feature.x_sixteenths / 16.0, feature.y_sixteenths / 16.0};
}

bool inside(const LocalFeatures& picture, Point point) {
  return point.x >= 0 && point.y >= 0 && point.x < picture.width_pixels &&
         point.y < picture.height_pixels;
}

/// Features of `picture` that `transform` leads into `other`.
int count_within(const LocalFeatures& picture, const LocalFeatures& other,
                 const AffineTransform& transform) {
  return static_cast<int>(std::count_if(
      picture.features.begin(), picture.features.end(),
      [&](const auto& feature) { return inside(other, transform(place_of(feature))); }));
}

/// Share of the cells of the common part that hold agreeing features.
double spread_of(const FeatureAgreement& agreement, const LocalFeatures& left,
                 const LocalFeatures& right) {
  constexpr int cells = 6;
  const AffineTransform back = agreement.transform.inverse();
  double first_x = 1e9, first_y = 1e9, last_x = -1e9, last_y = -1e9;
  // The box around the right picture's corners, cut to the left picture.
  for (const Point corner :
       {Point{0, 0}, Point{right.width_pixels - 1.0, 0}, Point{0, right.height_pixels - 1.0},
        Point{right.width_pixels - 1.0, right.height_pixels - 1.0}}) {
    const Point point = back(corner);
    first_x = std::min(first_x, point.x);
    first_y = std::min(first_y, point.y);
    last_x = std::max(last_x, point.x);
    last_y = std::max(last_y, point.y);
  }
  first_x = std::max(first_x, 0.0);
  first_y = std::max(first_y, 0.0);
  last_x = std::min(last_x, left.width_pixels - 1.0);
  last_y = std::min(last_y, left.height_pixels - 1.0);
  std::set<std::pair<int, int>> taken;
  int shown = 0;
  for (int j = 0; j < cells; ++j)
    for (int i = 0; i < cells; ++i)
      shown +=
          inside(right, agreement.transform({first_x + (last_x - first_x) * (i + 0.5) / cells,
                                             first_y + (last_y - first_y) * (j + 0.5) / cells}))
              ? 1
              : 0;
  for (const auto& match : agreement.agreeing) {
    const Point point = place_of(left.features[match.left]);
    const auto cell = [](double position, double first, double last) {
      return std::clamp(static_cast<int>((position - first) / (last - first) * cells), 0,
                        cells - 1);
    };
    if (last_x > first_x && last_y > first_y)
      taken.emplace(cell(point.x, first_x, last_x), cell(point.y, first_y, last_y));
  }
  return shown == 0 ? 0 : std::min(1.0, static_cast<double>(taken.size()) / shown);
}

struct Side {
  cv::Mat picture;
  LocalFeatures features;
};

std::optional<EditComparison> look_at(const Side& left, const Side& right,
                                      const AffineTransform& transform) {
  const auto overlap = look_at_overlap(left.picture, right.picture, transform);
  if (!overlap) return std::nullopt;
  const LocalFeatures &left_features = left.features, &right_features = right.features;
  const FeatureAgreement agreement =
      agreement_on(left_features, right_features, overlap->transform);
  EditComparison result = overlap->measures;
  result.inliers = agreement.inliers;
  const int within =
      std::min(count_within(left_features, right_features, agreement.transform),
               count_within(right_features, left_features, agreement.transform.inverse()));
  result.matched_share =
      std::min(1.0, static_cast<double>(agreement.inliers) / std::max(1, within));
  result.spread = spread_of(agreement, left_features, right_features);
  return result;
}

/// The ways to lay `left` on `right` whole: turned by right angles and mirrored.
std::array<AffineTransform, 8> whole_transforms(cv::Size left, cv::Size right) {
  const double w = left.width - 1.0, h = left.height - 1.0;
  std::array<AffineTransform, 8> turns{{
      {1, 0, 0, 0, 1, 0},    // as it is
      {0, -1, h, 1, 0, 0},   // clockwise by 90
      {-1, 0, w, 0, -1, h},  // 180
      {0, 1, 0, -1, 0, w},   // 270
      {-1, 0, w, 0, 1, 0},   // the same, mirrored first
      {0, -1, h, -1, 0, w},  //
      {1, 0, 0, 0, -1, h},   //
      {0, 1, 0, 1, 0, 0},    //
  }};
  for (AffineTransform& turn : turns) {
    const bool exchanged = turn.xx == 0;
    const double x = static_cast<double>(right.width) / (exchanged ? left.height : left.width);
    const double y = static_cast<double>(right.height) / (exchanged ? left.width : left.height);
    turn = turn.then({x, 0, (x - 1) / 2, 0, y, (y - 1) / 2});
  }
  return turns;
}

/// The likeliest of these by small copies of both pictures; empty if none shows alike pictures.
std::optional<AffineTransform> best_whole_transform(const cv::Mat& left, const cv::Mat& right) {
  constexpr int side = 32;
  constexpr double fewest = 0.7, most_stretch = 2;
  const auto reduced = [](const cv::Mat& picture) {
    cv::Mat small;
    cv::resize(picture, small, {side, side}, 0, 0, cv::INTER_AREA);
    small.convertTo(small, CV_32F);
    small -= cv::mean(small);
    const double length = cv::norm(small);
    return length > 0 ? cv::Mat(small / length) : small;
  };
  const cv::Mat small_left = reduced(left), small_right = reduced(right);
  const auto transforms = whole_transforms(left.size(), right.size());
  const auto small_transforms = whole_transforms(small_left.size(), small_right.size());
  std::optional<AffineTransform> best;
  double best_correlation = fewest;
  for (std::size_t i = 0; i < transforms.size(); ++i) {
    if (transforms[i].stretch() > most_stretch) continue;
    const AffineTransform& turn = small_transforms[i];
    cv::Mat turned;
    cv::warpAffine(small_left, turned,
                   cv::Matx23d(turn.xx, turn.xy, turn.dx, turn.yx, turn.yy, turn.dy),
                   small_left.size(), cv::INTER_NEAREST);
    const double correlation = turned.dot(small_right);
    if (correlation <= best_correlation) continue;
    best_correlation = correlation;
    best = transforms[i];
  }
  return best;
}

/// How much of both pictures the comparison accounts for.
double worth(const EditComparison& edit) {
  return edit.overlap_ssim * edit.agreeing_area * std::max(edit.left_overlap, edit.right_overlap);
}

}  // namespace

std::optional<EditComparison> compare_edit(const cv::Mat& left, const cv::Mat& right) {
  const Side left_side{left, local_features_of(left, features_looked_at)};
  const Side right_side{right, local_features_of(right, features_looked_at)};
  std::optional<EditComparison> best;
  const FeatureAgreement agreement = agree(left_side.features, right_side.features);
  // Of copies that are confirmed 11 and more agree at once.
  constexpr int fewest = 9;
  if (agreement.inliers >= fewest) best = look_at(left_side, right_side, agreement.transform);
  constexpr double clearly = 0.7;
  if (best && worth(*best) >= clearly) return best;
  if (const auto whole = best_whole_transform(left, right)) {
    const auto seen = look_at(left_side, right_side, *whole);
    if (seen && (!best || worth(*seen) > worth(*best))) best = seen;
  }
  return best;
}

}  // namespace imgdedup::hashing
