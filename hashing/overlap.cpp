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
#include "hashing/bend.h"
#include "hashing/tile_agreement.h"

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
  [[nodiscard]] cv::Mat seen_through(const AffineTransform& to_picture, const Bend& bend,
                                     cv::Size frame) {
    reduce_by(std::max(1.0, to_picture.scale()));
    const double across = static_cast<double>(reduced_.cols) / picture_.cols;
    const double down = static_cast<double>(reduced_.rows) / picture_.rows;
    const AffineTransform to =
        to_picture.then({across, 0, (across - 1) / 2, 0, down, (down - 1) / 2});
    cv::Mat result;
    if (bend != Bend{}) {
      cv::Mat places(frame, CV_32FC2);
      for (int y = 0; y < frame.height; ++y)
        for (int x = 0; x < frame.width; ++x) {
          const Point place = to(bend({static_cast<double>(x), static_cast<double>(y)}, frame));
          places.at<cv::Vec2f>(y, x) = {static_cast<float>(place.x), static_cast<float>(place.y)};
        }
      cv::remap(reduced_, result, places, {}, cv::INTER_LINEAR, cv::BORDER_REPLICATE);
      return result;
    }
    const cv::Matx23d matrix(to.xx, to.xy, to.dx, to.yx, to.yy, to.dy);
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
        left_seen_(smooth_samples(Source(left).seen_through(to_left_, {}, size_))) {}

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

  /// The bend that `transform` leaves to be done, as the frame shows it.
  [[nodiscard]] Bend bend_beyond(const AffineTransform& transform) {
    const AffineTransform to_right = to_left_.then(transform);
    return best_bend(
        left_seen_, [&](const Bend& bend) { return right_seen(to_right, bend); },
        [&](const Bend& bend) { return mask(to_right, bend); }, {2.0, 1.0});
  }

  struct Look {
    Agreement agreement;
    cv::Mat mask;  ///< where the frame shows both pictures
    int area = 0;  ///< pixels of these
    /// How much of the two is faithfully the same, the more the larger.
    [[nodiscard]] double worth() const { return agreement.faithful * area; }
  };
  /// How well the two agree; nothing where they share too little to tell.
  [[nodiscard]] std::optional<Look> look(const AffineTransform& transform, int least_area,
                                         const Bend& bend = {}) {
    const AffineTransform to_right = to_left_.then(transform);
    Look look;
    look.mask = mask(to_right, bend);
    look.area = cv::countNonZero(look.mask);
    if (look.area < least_area) return std::nullopt;
    // Near its edge a picture shows something of what surrounds it.
    constexpr int blurred = 7;
    cv::erode(look.mask, look.mask, cv::Mat::ones(blurred, blurred, CV_8UC1), {-1, -1}, 1,
              cv::BORDER_CONSTANT, 0);
    if (cv::countNonZero(look.mask) == 0) return std::nullopt;
    look.agreement = best_agreement(left_seen_, right_seen(to_right, bend), look.mask);
    return look;
  }

 private:
  [[nodiscard]] cv::Mat right_seen(const AffineTransform& to_right, const Bend& bend = {}) {
    return smooth_samples(right_.seen_through(to_right, bend, size_));
  }
  [[nodiscard]] cv::Mat mask(const AffineTransform& to_right, const Bend& bend = {}) const {
    if (bend == Bend{}) return shown_by_both(left_size_, right_.size(), to_left_, to_right, size_);
    // All that the frame shows of the left picture, and of that what the bend finds in the right.
    cv::Mat shown = shown_by_both(left_size_, left_size_, to_left_, to_left_, size_);
    for (int y = 0; y < size_.height; ++y)
      for (int x = 0; x < size_.width; ++x) {
        const Point place = to_right(bend({static_cast<double>(x), static_cast<double>(y)}, size_));
        if (place.x < 0 || place.y < 0 || place.x > right_.size().width - 1.0 ||
            place.y > right_.size().height - 1.0)
          shown.at<std::uint8_t>(y, x) = 0;
      }
    return shown;
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
  std::optional<Frame::Look> best;
  const auto keep_better = [&](std::optional<Frame::Look> look, const AffineTransform& tried,
                               double advance) {
    if (!look || (best && look->worth() <= best->worth() * advance)) return false;
    best = std::move(look);
    result.transform = tried;
    return true;
  };
  constexpr int least_area = smallest_frame_side * smallest_frame_side;
  for (const AffineTransform& tried : {rough, transform})
    (void)keep_better(rough_frame.look(tried, least_area / 4), tried, 1);
  const bool hopeless = best && is_hopeless(best->agreement);
  if (!hopeless) {
    best.reset();
    // Samples refine most transforms, but what was laid over a picture may draw one aside.
    for (const AffineTransform& start : {rough, transform}) {
      const AffineTransform aligned = frame.align(start, {1.0});
      (void)keep_better(frame.look(aligned, least_area), aligned, 1);
    }
  }
  if (!best) return std::nullopt;
  double fidelity = fidelity_of(best->agreement, best->mask);
  // Of pictures that merely have to be bent much agrees already.
  constexpr double bend_below = 0.85, bend_above = 0.5, advance_of_bend = 1.02;
  if (!hopeless && fidelity < bend_below && best->agreement.detail_ssim >= bend_above) {
    const Bend bend = frame.bend_beyond(result.transform);
    if (keep_better(frame.look(result.transform, least_area, bend), result.transform,
                    advance_of_bend))
      fidelity = std::max(fidelity, fidelity_of(best->agreement, best->mask));
  }
  const Agreement& agreement = best->agreement;
  const CommonPart refined = common_part(left.size(), right.size(), result.transform);
  matching::EditComparison& measures = result.measures;
  measures.overlap_ssim = agreement.ssim;
  measures.agreeing_area = agreement.area;
  measures.agreeing_detail = agreement.detail_share;
  measures.detail_ssim = agreement.detail_ssim;
  measures.fidelity = fidelity;
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
