// SPDX-License-Identifier: Apache-2.0
// Which local features of two pictures are the same places, and how one picture lies in the other.
#include "matching/feature_matching.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <tuple>

namespace imgdedup::matching {
namespace {

/// Descriptors of different places are about 128 bits apart, of one place seen twice 20 to 80.
constexpr int max_match_bits = 84;
/// Matches that propose a transform; the nearest ones are right if any are.
constexpr std::size_t most_proposals = 80;
/// Inliers from which on a pair is looked at.
constexpr int min_inliers = 7;

Point place_of(const LocalFeature& feature) {
  return {feature.x_sixteenths / 16.0, feature.y_sixteenths / 16.0};
}

/// A distance above its position: the least of these is the nearest, the first of equals.
using Ranked = std::uint32_t;
constexpr Ranked farthest = (max_match_bits + 1) << 16;
std::uint16_t position_of(Ranked nearest) { return static_cast<std::uint16_t>(nearest); }

/// The descriptors word by word, so that several are compared at once.
struct Columns {
  explicit Columns(const LocalFeatures& picture) {
    for (std::size_t word = 0; word < words.size(); ++word)
      for (const LocalFeature& feature : picture.features)
        words[word].push_back(feature.descriptor[word]);
  }
  std::array<std::vector<std::uint64_t>, 4> words;
};

struct Nearest {
  std::vector<Ranked> of_left, of_right;  ///< of the other side; `farthest` if none is near
  std::vector<std::uint64_t> distances;
};

__attribute__((always_inline)) inline void find_nearest(const LocalFeatures& left,
                                                        const Columns& right, Nearest& nearest) {
  const std::uint64_t* const words[4] = {right.words[0].data(), right.words[1].data(),
                                         right.words[2].data(), right.words[3].data()};
  const std::size_t count = right.words[0].size();
  std::uint64_t* const distances = nearest.distances.data();
  Ranked* const of_right = nearest.of_right.data();
  for (std::size_t i = 0; i < left.features.size(); ++i) {
    const auto& descriptor = left.features[i].descriptor;
    for (std::size_t j = 0; j < count; ++j)
      distances[j] = static_cast<std::uint64_t>(
          std::popcount(descriptor[0] ^ words[0][j]) + std::popcount(descriptor[1] ^ words[1][j]) +
          std::popcount(descriptor[2] ^ words[2][j]) + std::popcount(descriptor[3] ^ words[3][j]));
    Ranked of_left = farthest;
    for (std::size_t j = 0; j < count; ++j) {
      const auto distance = static_cast<Ranked>(distances[j]) << 16;
      of_left = std::min(of_left, distance | static_cast<Ranked>(j));
      of_right[j] = std::min(of_right[j], distance | static_cast<Ranked>(i));
    }
    nearest.of_left[i] = of_left;
  }
}

void find_nearest_portable(const LocalFeatures& left, const Columns& right, Nearest& nearest) {
  find_nearest(left, right, nearest);
}

#if defined(__x86_64__)
__attribute__((target("popcnt,avx2"), optimize("O3"))) void find_nearest_avx2(
    const LocalFeatures& left, const Columns& right, Nearest& nearest) {
  find_nearest(left, right, nearest);
}
__attribute__((target("avx512f,avx512vl,avx512bw,avx512dq,avx512vpopcntdq"), optimize("O3"))) void
find_nearest_avx512(const LocalFeatures& left, const Columns& right, Nearest& nearest) {
  find_nearest(left, right, nearest);
}
#endif

using FindNearest = void (*)(const LocalFeatures&, const Columns&, Nearest&);

FindNearest fastest_find_nearest() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512vpopcntdq") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq"))
    return find_nearest_avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt")) return find_nearest_avx2;
#endif
  return find_nearest_portable;
}

/// One match as the geometry sees it.
struct Pair {
  FeatureMatch match;
  Point from, to;
  double from_scale = 1, to_scale = 1;  ///< of the levels
  int turn = 0;                         ///< of 256, from left to right
};

std::vector<Pair> pairs_of(const LocalFeatures& left, const LocalFeatures& right,
                           const std::vector<FeatureMatch>& matches) {
  std::vector<Pair> pairs;
  pairs.reserve(matches.size());
  for (const FeatureMatch& match : matches) {
    const LocalFeature& a = left.features[match.left];
    const LocalFeature& b = right.features[match.right];
    pairs.push_back({match, place_of(a), place_of(b), feature_scale(a.level),
                     feature_scale(b.level), b.direction - a.direction});
  }
  return pairs;
}

/// The similarity that one match implies.
AffineTransform implied_by(const Pair& pair) {
  constexpr double full_turn = 6.283185307179586;
  const double scale = pair.to_scale / pair.from_scale;
  const double angle = pair.turn * full_turn / 256;
  const double cosine = scale * std::cos(angle), sine = scale * std::sin(angle);
  return {cosine, -sine,  pair.to.x - cosine * pair.from.x + sine * pair.from.y,
          sine,   cosine, pair.to.y - sine * pair.from.x - cosine * pair.from.y};
}

double distance(Point a, Point b) {
  const double x = a.x - b.x, y = a.y - b.y;
  return std::sqrt(x * x + y * y);
}

constexpr int most_turn = 22;  // of 256: 31 degrees
constexpr double most_scale = 1.6;

/// Whether two matches turn and enlarge alike.
bool alike(const Pair& a, const Pair& b) {
  const int turn = static_cast<std::int8_t>(a.turn - b.turn);
  const double scale = a.to_scale * b.from_scale / (a.from_scale * b.to_scale);
  return std::abs(turn) <= most_turn && scale <= most_scale && scale * most_scale >= 1;
}

/// How far a match may lie from where a well fitted transform leads it, in pixels of the right
/// picture: corners are found to about a pixel of their levels.
double tolerance(double from_scale, double to_scale, double scale) {
  return 1.0 + 1.2 * (to_scale + scale * from_scale);
}
double tolerance_of(const Pair& pair, double scale) {
  return tolerance(pair.from_scale, pair.to_scale, scale);
}

/// One corner found on several levels is one. Adds the place if it is new.
bool is_new_place(std::vector<Point>& seen, const Pair& pair) {
  constexpr double one_place = 3;
  if (std::any_of(seen.begin(), seen.end(), [&](Point point) {
        return distance(point, pair.from) < one_place * pair.from_scale;
      }))
    return false;
  seen.push_back(pair.from);
  return true;
}

bool is_plausible(const AffineTransform& transform) {
  constexpr double most_enlargement = 8, most_stretch = 2.2;
  const double scale = transform.scale();
  return transform.determinant() > 0 && scale <= most_enlargement &&
         scale * most_enlargement >= 1 && transform.stretch() <= most_stretch;
}

class Consensus {
 public:
  explicit Consensus(std::vector<Pair> pairs) : pairs_(std::move(pairs)) {}

  struct Result {
    int inliers = 0;
    AffineTransform transform;
    std::vector<std::size_t> agreeing;
  };

  [[nodiscard]] Result best() const {
    Result best;
    for (std::size_t i = 0; i < std::min(pairs_.size(), most_proposals); ++i) {
      Result result = proposed_by(pairs_[i]);
      if (result.inliers > best.inliers) best = std::move(result);
    }
    return best;
  }

  [[nodiscard]] const Pair& operator[](std::size_t at) const { return pairs_[at]; }

 private:
  /// What one match proposes, refined by all that agree with it.
  [[nodiscard]] Result proposed_by(const Pair& seed) const {
    // Its direction and scale are rough, so the farther away the more is allowed.
    const AffineTransform rough = implied_by(seed);
    std::vector<std::size_t> agreeing;
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
      const Pair& pair = pairs_[i];
      if (!alike(pair, seed)) continue;
      const double allowed =
          3 * tolerance_of(pair, rough.scale()) + 0.3 * distance(pair.to, seed.to);
      if (distance(rough(pair.from), pair.to) <= allowed) agreeing.push_back(i);
    }
    constexpr std::size_t fewest = 4;
    if (agreeing.size() < fewest) return {};
    Result result;
    auto similarity = robust_similarity(agreeing);
    if (!similarity || !is_plausible(*similarity)) return {};
    result.transform = *similarity;
    agreeing = agreeing_with(result.transform, seed, 2.0);
    for (int round = 0; round < 3; ++round) {
      if (agreeing.size() < fewest) return {};
      const auto fitted =
          agreeing.size() >= 6 ? fit_affine(places(agreeing)) : fit_similarity(places(agreeing));
      if (!fitted || !is_plausible(*fitted)) break;
      result.transform = *fitted;
      agreeing = agreeing_with(result.transform, seed, 1.0);
    }
    result.inliers = distinct(agreeing);
    result.agreeing = std::move(agreeing);
    return result;
  }

  /// Fitted twice: the second time without what lies farther off than most.
  [[nodiscard]] std::optional<AffineTransform> robust_similarity(
      std::vector<std::size_t> agreeing) const {
    auto fitted = fit_similarity(places(agreeing));
    for (int round = 0; round < 2 && fitted; ++round) {
      std::vector<double> errors;
      for (const std::size_t i : agreeing)
        errors.push_back(distance((*fitted)(pairs_[i].from), pairs_[i].to));
      std::vector<double> sorted = errors;
      const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
      std::nth_element(sorted.begin(), middle, sorted.end());
      std::vector<std::size_t> kept;
      for (std::size_t i = 0; i < agreeing.size(); ++i)
        if (errors[i] <= std::max(2.0, 1.5 * *middle)) kept.push_back(agreeing[i]);
      agreeing = std::move(kept);
      fitted = fit_similarity(places(agreeing));
    }
    return fitted;
  }

  [[nodiscard]] std::vector<std::size_t> agreeing_with(const AffineTransform& transform,
                                                       const Pair& seed, double allowance) const {
    std::vector<std::size_t> agreeing;
    const double scale = transform.scale();
    for (std::size_t i = 0; i < pairs_.size(); ++i)
      if (alike(pairs_[i], seed) && distance(transform(pairs_[i].from), pairs_[i].to) <=
                                        allowance * tolerance_of(pairs_[i], scale))
        agreeing.push_back(i);
    return agreeing;
  }

  [[nodiscard]] std::vector<PointPair> places(const std::vector<std::size_t>& chosen) const {
    std::vector<PointPair> result;
    result.reserve(chosen.size());
    for (const std::size_t i : chosen) result.push_back({pairs_[i].from, pairs_[i].to});
    return result;
  }

  [[nodiscard]] int distinct(const std::vector<std::size_t>& agreeing) const {
    std::vector<Point> seen;
    for (const std::size_t i : agreeing) (void)is_new_place(seen, pairs_[i]);
    return static_cast<int>(seen.size());
  }

  std::vector<Pair> pairs_;  ///< nearest descriptors first
};

}  // namespace

std::vector<FeatureMatch> match_features(const LocalFeatures& left, const LocalFeatures& right) {
  static const FindNearest find = fastest_find_nearest();
  Nearest nearest;
  nearest.of_left.assign(left.features.size(), farthest);
  nearest.of_right.assign(right.features.size(), farthest);
  nearest.distances.resize(right.features.size());
  find(left, Columns(right), nearest);

  std::vector<FeatureMatch> matches;
  for (std::size_t i = 0; i < left.features.size(); ++i) {
    if (nearest.of_left[i] >= farthest) continue;
    const std::uint16_t partner = position_of(nearest.of_left[i]);
    if (position_of(nearest.of_right[partner]) == i)
      matches.push_back({static_cast<std::uint16_t>(i), partner,
                         static_cast<std::uint16_t>(nearest.of_left[i] >> 16)});
  }
  std::sort(matches.begin(), matches.end(), [](const FeatureMatch& a, const FeatureMatch& b) {
    return std::tie(a.distance_bits, a.left) < std::tie(b.distance_bits, b.left);
  });
  return matches;
}

FeatureAgreement agree_unmirrored(const LocalFeatures& left, const LocalFeatures& right) {
  const Consensus consensus(pairs_of(left, right, match_features(left, right)));
  const Consensus::Result best = consensus.best();
  FeatureAgreement result{best.inliers, best.transform, false, {}};
  for (const std::size_t i : best.agreeing) result.agreeing.push_back(consensus[i].match);
  return result;
}

FeatureAgreement agree(const LocalFeatures& left, const LocalFeatures& right) {
  FeatureAgreement straight = agree_unmirrored(left, right);
  FeatureAgreement turned = agree_unmirrored(left, mirrored(right));
  if (turned.inliers <= straight.inliers) return straight;
  turned.mirrored = true;
  const AffineTransform back{-1, 0, right.width_pixels - 1.0, 0, 1, 0};
  turned.transform = turned.transform.then(back);
  return turned;
}

FeatureAgreement agreement_on(const LocalFeatures& left, const LocalFeatures& right,
                              const AffineTransform& transform) {
  FeatureAgreement result;
  result.transform = transform;
  result.mirrored = transform.determinant() < 0;
  // Against the mirrored picture nothing is mirrored any more.
  const AffineTransform mirror{-1, 0, right.width_pixels - 1.0, 0, 1, 0};
  const AffineTransform straight = result.mirrored ? transform.then(mirror) : transform;
  const LocalFeatures& other = result.mirrored ? mirrored(right) : right;
  const double scale = straight.scale();
  const auto turn = static_cast<int>(std::lround(straight.rotation_degrees() * 256 / 360));
  double largest_left = 0, largest_right = 0;
  for (const LocalFeature& feature : left.features)
    largest_left = std::max(largest_left, feature_scale(feature.level));
  for (const LocalFeature& feature : other.features)
    largest_right = std::max(largest_right, feature_scale(feature.level));
  const double widest = tolerance(largest_left, largest_right, scale);
  std::vector<Point> seen;
  for (std::size_t i = 0; i < left.features.size(); ++i) {
    const LocalFeature& feature = left.features[i];
    const Point expected = straight(place_of(feature));
    std::optional<FeatureMatch> best;
    Pair best_pair;
    for (std::size_t j = 0; j < other.features.size(); ++j) {
      const LocalFeature& partner = other.features[j];
      const Point place = place_of(partner);
      if (std::abs(place.x - expected.x) > widest || std::abs(place.y - expected.y) > widest)
        continue;
      const Pair pair{{},
                      place_of(feature),
                      place,
                      feature_scale(feature.level),
                      feature_scale(partner.level),
                      partner.direction - feature.direction};
      if (distance(expected, pair.to) > tolerance_of(pair, scale)) continue;
      if (std::abs(static_cast<std::int8_t>(pair.turn - turn)) > most_turn) continue;
      const double ratio = pair.to_scale / (pair.from_scale * scale);
      if (ratio > most_scale || ratio * most_scale < 1) continue;
      const auto bits = static_cast<std::uint16_t>(descriptor_distance(feature, partner));
      if (bits > max_match_bits || (best && best->distance_bits <= bits)) continue;
      best = {static_cast<std::uint16_t>(i), static_cast<std::uint16_t>(j), bits};
      best_pair = pair;
    }
    if (!best) continue;
    result.agreeing.push_back(*best);
    if (is_new_place(seen, best_pair)) ++result.inliers;
  }
  return result;
}

bool may_be_edited(const FeatureAgreement& agreement) { return agreement.inliers >= min_inliers; }

}  // namespace imgdedup::matching
