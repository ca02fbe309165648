// SPDX-License-Identifier: Apache-2.0
// Two pictures and a transform between them -> how well they agree where both show something.
#include "hashing/overlap.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <utility>
#include <vector>

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "hashing/alignment.h"
#include "hashing/ssim.h"
#include "hashing/tone_curve.h"

namespace imgdedup::hashing {
namespace {

using matching::AffineTransform;
using matching::Point;

constexpr int smallest_frame_side = 24;

/// The part of `left` that `right` shows, both convex, in pixels of `left`; and its area.
struct CommonPart {
  std::vector<cv::Point2f> outline;
  double area = 0;
};

std::vector<cv::Point2f> outline_of(cv::Size size) {
  const float right = static_cast<float>(size.width) - 0.5F;
  const float bottom = static_cast<float>(size.height) - 0.5F;
  return {{-0.5F, -0.5F}, {right, -0.5F}, {right, bottom}, {-0.5F, bottom}};
}

CommonPart common_part(cv::Size left, cv::Size right, const AffineTransform& transform) {
  std::vector<cv::Point2f> corners = outline_of(right);
  const AffineTransform back = transform.inverse();
  for (cv::Point2f& corner : corners) {
    const Point point = back({static_cast<double>(corner.x), static_cast<double>(corner.y)});
    corner = {static_cast<float>(point.x), static_cast<float>(point.y)};
  }
  CommonPart part;
  part.area =
      static_cast<double>(cv::intersectConvexConvex(outline_of(left), corners, part.outline, true));
  return part;
}

/// A picture that is looked at through frames of changing, mostly similar, scales.
class Source {
 public:
  explicit Source(const cv::Mat& picture) : picture_(picture), reduced_(picture) {}

  [[nodiscard]] cv::Size size() const { return picture_.size(); }

  /// What a frame shows of it: to_picture leads from pixels of the frame to those of the picture.
  [[nodiscard]] cv::Mat seen_through(const AffineTransform& to_picture, cv::Size frame) {
    reduce_by(std::max(1.0, to_picture.scale()));
    const double x = static_cast<double>(reduced_.cols) / picture_.cols;
    const double y = static_cast<double>(reduced_.rows) / picture_.rows;
    const AffineTransform to = to_picture.then({x, 0, (x - 1) / 2, 0, y, (y - 1) / 2});
    const cv::Matx23d matrix(to.xx, to.xy, to.dx, to.yx, to.yy, to.dy);
    cv::Mat result;
    cv::warpAffine(reduced_, result, matrix, frame, cv::INTER_LINEAR | cv::WARP_INVERSE_MAP,
                   cv::BORDER_REPLICATE);
    return result;
  }

 private:
  /// Near enough to a reduction made before, that one serves.
  void reduce_by(double reduction) {
    constexpr double near_enough = 1.02;
    if (reduction <= reduction_ * near_enough && reduction_ <= reduction * near_enough) return;
    reduction_ = reduction;
    const cv::Size size(std::max(1, static_cast<int>(std::lround(picture_.cols / reduction))),
                        std::max(1, static_cast<int>(std::lround(picture_.rows / reduction))));
    if (size == picture_.size())
      reduced_ = picture_;
    else
      cv::resize(picture_, reduced_ = cv::Mat(), size, 0, 0, cv::INTER_AREA);
  }

  cv::Mat picture_, reduced_;
  double reduction_ = 1;
};

cv::Mat smooth_samples(const cv::Mat& picture) {
  cv::Mat result;
  picture.convertTo(result, CV_32F);
  cv::GaussianBlur(result, result, {}, 1.0);
  return result;
}

/// Whole numbers, from first to last; none if first is greater.
struct Span {
  double first = 0, last = 0;

  /// Leaves those x for which 0 <= slope x + height <= most.
  void keep_within(double slope, double height, double most) {
    if (std::abs(slope) < 1e-12) {
      if (height < 0 || height > most) last = first - 1;
      return;
    }
    double from = -height / slope, to = (most - height) / slope;
    if (from > to) std::swap(from, to);
    first = std::max(first, std::ceil(from));
    last = std::min(last, std::floor(to));
  }
};

/// Where the frame shows something of both pictures: 255, else 0.
cv::Mat shown_by_both(cv::Size left, cv::Size right, const AffineTransform& frame_to_left,
                      const AffineTransform& frame_to_right, cv::Size frame) {
  cv::Mat mask = cv::Mat::zeros(frame, CV_8UC1);
  for (int y = 0; y < frame.height; ++y) {
    Span span{0, frame.width - 1.0};
    for (const auto& [size, to] :
         {std::pair(left, frame_to_left), std::pair(right, frame_to_right)}) {
      span.keep_within(to.xx, to.xy * y + to.dx, size.width - 1.0);
      span.keep_within(to.yx, to.yy * y + to.dy, size.height - 1.0);
    }
    if (span.first <= span.last)
      mask.row(y)
          .colRange(static_cast<int>(span.first), static_cast<int>(span.last) + 1)
          .setTo(255);
  }
  return mask;
}

/// Mean of `values` in every tile, among the samples that `mask` has, and how many these are.
struct Tiles {
  cv::Mat sums, counts;
};

constexpr int tile_side = 16;

template <typename Visit>
void for_each_tile(cv::Size frame, Visit visit) {
  const int across = std::max(1, (frame.width + tile_side / 2) / tile_side);
  const int down = std::max(1, (frame.height + tile_side / 2) / tile_side);
  for (int j = 0; j < down; ++j)
    for (int i = 0; i < across; ++i) {
      const int x = i * frame.width / across, y = j * frame.height / down;
      visit(cv::Rect(x, y, (i + 1) * frame.width / across - x, (j + 1) * frame.height / down - y));
    }
}

/// For each sample how much it differs from its neighbours, each counted as 16 at most.
cv::Mat edges_of(const cv::Mat& a, const cv::Mat& b) {
  constexpr float most = 16;
  cv::Mat edges = cv::Mat::zeros(a.size(), CV_32FC1);
  for (const cv::Mat& picture : {a, b})
    for (int y = 0; y + 1 < a.rows; ++y) {
      const auto* row = picture.ptr<float>(y);
      const auto* next = picture.ptr<float>(y + 1);
      auto* out = edges.ptr<float>(y);
      for (int x = 0; x + 1 < a.cols; ++x)
        out[x] += (std::min(most, std::abs(row[x + 1] - row[x])) +
                   std::min(most, std::abs(next[x] - row[x]))) /
                  4;
    }
  return edges;
}

/// From which mean SSIM on a tile looks alike.
constexpr double min_tile_agreement = 0.5;

struct Agreement {
  double ssim = -1, area = 0, detail_share = 0, detail = 0;
  double detail_ssim = -1, faithful = 0, lowest_tile = 1;
  cv::Mat alike;  ///< the part of the mask that lies in tiles that look alike
};

/// What counts by the edges that a place holds.
void add_by_edges(const cv::Mat& map, const cv::Mat& edges, const cv::Mat& mask,
                  Agreement& result) {
  constexpr float same = 0.9F;
  double sum = 0, weights = 0, same_weights = 0;
  for (int y = 0; y < map.rows; ++y)
    for (int x = 0; x < map.cols; ++x) {
      if (mask.at<std::uint8_t>(y, x) == 0) continue;
      const auto weight = static_cast<double>(edges.at<float>(y, x));
      const float ssim = map.at<float>(y, x);
      sum += weight * static_cast<double>(ssim);
      weights += weight;
      if (ssim >= same) same_weights += weight;
    }
  if (weights <= 0) return;
  result.detail_ssim = sum / weights;
  result.faithful = same_weights / weights;
}

Agreement agreement_of(const cv::Mat& map, const cv::Mat& edges, const cv::Mat& mask) {
  Agreement result;
  result.ssim = cv::mean(map, mask)[0];
  result.alike = cv::Mat::zeros(mask.size(), CV_8UC1);
  add_by_edges(map, edges, mask, result);
  double area = 0, alike_area = 0, sum = 0, alike_sum = 0;
  for_each_tile(mask.size(), [&](const cv::Rect& tile) {
    const int count = cv::countNonZero(mask(tile));
    if (count == 0) return;
    const double tile_edges = cv::mean(edges(tile), mask(tile))[0] * count;
    const double tile_ssim = cv::mean(map(tile), mask(tile))[0];
    area += count;
    sum += tile_edges;
    if (count * 2 >= tile.area()) result.lowest_tile = std::min(result.lowest_tile, tile_ssim);
    if (tile_ssim < min_tile_agreement) return;
    alike_area += count;
    alike_sum += tile_edges;
    mask(tile).copyTo(result.alike(tile));
  });
  if (area > 0) result.area = alike_area / area;
  if (sum > 0) result.detail_share = alike_sum / sum;
  if (alike_area > 0) result.detail = alike_sum / alike_area;
  return result;
}

/// Toning one picture may lose what the other keeps, so either may be fitted; and what was laid
/// over one of them shall not decide on the tone, so it is fitted again where the two look alike.
Agreement best_agreement(const cv::Mat& left, const cv::Mat& right, const cv::Mat& mask) {
  Agreement best;
  const cv::Mat edges = edges_of(left, right);
  for (const auto& [from, to] : {std::pair(left, right), std::pair(right, left)}) {
    cv::Mat fitted_where = mask;
    for (int round = 0; round < 2; ++round) {
      const cv::Mat map = ssim_map(toned_like(from, to, fitted_where), to);
      Agreement found = agreement_of(map, edges, mask);
      fitted_where = found.alike;
      const bool enough = cv::countNonZero(fitted_where) * 4 >= cv::countNonZero(mask);
      if (found.ssim > best.ssim) best = std::move(found);
      if (!enough) break;
    }
  }
  return best;
}

/// A rectangle of the left picture, reduced, in which both pictures are looked at.
class Frame {
 public:
  Frame(const cv::Mat& left, const cv::Mat& right, const cv::Rect& box, double scale)
      : left_size_(left.size()),
        right_(right),
        size_(static_cast<int>(std::lround(box.width * scale)),
              static_cast<int>(std::lround(box.height * scale))),
        to_left_{1 / scale, 0,         box.x + (1 / scale - 1) / 2,
                 0,         1 / scale, box.y + (1 / scale - 1) / 2},
        left_seen_(smooth_samples(Source(left).seen_through(to_left_, size_))) {}

  [[nodiscard]] cv::Size size() const { return size_; }

  /// `transform`, refined by what this frame shows.
  [[nodiscard]] AffineTransform align(const AffineTransform& transform,
                                      std::initializer_list<double> smoothings) {
    const AffineTransform best = aligned(
        left_seen_, to_left_.then(transform),
        [this](const AffineTransform& to_right) { return right_seen(to_right); },
        [this](const AffineTransform& to_right) { return mask(to_right); }, smoothings);
    return to_left_.inverse().then(best);
  }

  struct Look {
    Agreement agreement;
    int area = 0;  ///< pixels of the frame that show both pictures
  };
  /// How well the two agree; nothing where they share too little to tell.
  [[nodiscard]] std::optional<Look> look(const AffineTransform& transform, int least_area) {
    const AffineTransform to_right = to_left_.then(transform);
    const cv::Mat shown = mask(to_right);
    const int area = cv::countNonZero(shown);
    if (area < least_area) return std::nullopt;
    return Look{best_agreement(left_seen_, right_seen(to_right), shown), area};
  }

 private:
  [[nodiscard]] cv::Mat right_seen(const AffineTransform& to_right) {
    return smooth_samples(right_.seen_through(to_right, size_));
  }
  [[nodiscard]] cv::Mat mask(const AffineTransform& to_right) const {
    return shown_by_both(left_size_, right_.size(), to_left_, to_right, size_);
  }

  cv::Size left_size_;
  Source right_;
  cv::Size size_;
  AffineTransform to_left_;
  cv::Mat left_seen_;
};

/// Copies agree at half the size about as well as in full: of 2,900 that were confirmed none had a
/// lower SSIM than 0.62 or a smaller area than 0.59 (docs/accuracy.md).
bool is_hopeless(const Agreement& at_half_size) {
  constexpr double least_ssim = 0.5, least_area = 0.45;
  return at_half_size.ssim < least_ssim || at_half_size.area < least_area;
}

}  // namespace

std::optional<Overlap> look_at_overlap(const cv::Mat& left, const cv::Mat& right,
                                       const AffineTransform& transform) {
  const CommonPart part = common_part(left.size(), right.size(), transform);
  if (part.outline.size() < 3) return std::nullopt;
  const cv::Rect box = cv::boundingRect(part.outline);
  const auto scale_for = [&](int long_side) {
    return std::min(
        {1.0, transform.scale(), static_cast<double>(long_side) / std::max(box.width, box.height)});
  };
  Frame frame(left, right, box, scale_for(overlap_long_side));
  if (std::min(frame.size().width, frame.size().height) < smallest_frame_side) return std::nullopt;
  // Roughly first, where a step reaches farther and costs less.
  Frame rough_frame(left, right, box, scale_for(overlap_long_side / 2));
  const AffineTransform rough = rough_frame.align(transform, {3.0, 1.0});

  Overlap result;
  Agreement agreement;
  double best_worth = -1;
  const auto keep_best = [&](Frame& seen, const AffineTransform& tried, int least_area) {
    auto look = seen.look(tried, least_area);
    if (!look) return;
    const double worth = look->agreement.faithful * look->area;
    if (worth <= best_worth) return;
    best_worth = worth;
    agreement = std::move(look->agreement);
    result.transform = tried;
  };
  constexpr int least_area = smallest_frame_side * smallest_frame_side;
  for (const AffineTransform& tried : {rough, transform})
    keep_best(rough_frame, tried, least_area / 4);
  if (best_worth < 0 || !is_hopeless(agreement)) {
    best_worth = -1;
    // Samples refine most transforms, but what was laid over a picture may draw one aside.
    for (const AffineTransform& start : {rough, transform})
      keep_best(frame, frame.align(start, {1.0}), least_area);
  }
  if (best_worth < 0) return std::nullopt;
  const CommonPart refined = common_part(left.size(), right.size(), result.transform);
  matching::EditComparison& measures = result.measures;
  measures.overlap_ssim = agreement.ssim;
  measures.agreeing_area = agreement.area;
  measures.agreeing_detail = agreement.detail_share;
  measures.detail_ssim = agreement.detail_ssim;
  measures.faithful_detail = agreement.faithful;
  measures.lowest_tile_ssim = agreement.lowest_tile;
  measures.detail = agreement.detail;
  measures.left_overlap = std::clamp(refined.area / left.size().area(), 0.0, 1.0);
  measures.right_overlap = std::clamp(
      refined.area * std::abs(result.transform.determinant()) / right.size().area(), 0.0, 1.0);
  measures.scale = result.transform.scale();
  measures.stretch = result.transform.stretch();
  measures.rotation_degrees = result.transform.rotation_degrees();
  measures.mirrored = result.transform.determinant() < 0;
  return result;
}

}  // namespace imgdedup::hashing
