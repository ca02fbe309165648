// SPDX-License-Identifier: Apache-2.0
// Two pictures brought to one frame -> how well they agree, tile by tile.
#include "hashing/tile_agreement.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include <opencv2/core.hpp>

#include "hashing/ssim.h"
#include "hashing/tone_curve.h"

namespace imgdedup::hashing {
namespace {

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

/// How the edges of one tile agree.
struct TileEdges {
  double height = 0;  ///< of its middle, as a share of the frame's
  double edges = 0;   ///< of both pictures, summed up
  double same = 0;    ///< of these, those around which the structure is the same
  bool correlates = false;
  /// Both pictures have edges of their own here that the other one lacks.
  bool contradicts = false;
};

struct EdgeMap {
  std::vector<TileEdges> tiles;  ///< those that hold edges
  /// Drawn, not taken: between their edges there is no shade, no grain and no texture.
  bool are_drawn = false;
};

EdgeMap edge_map_of(const Agreement& agreement, const cv::Mat& mask) {
  constexpr float same = 0.9F;
  constexpr float other_structure = 0.5F;
  constexpr double least_edges = 1.0, least_structure = 0.5, least_contradiction = 0.05;
  constexpr double flat_edge = 0.5, flat_share_of_drawings = 0.38;
  const cv::Mat structure = structure_map(agreement.toned, agreement.other);
  const cv::Mat toned_edges = edges_of(agreement.toned, agreement.toned);
  const cv::Mat other_edges = edges_of(agreement.other, agreement.other);
  EdgeMap result;
  int all = 0, all_flat = 0;
  for_each_tile(mask.size(), [&](const cv::Rect& place) {
    TileEdges tile;
    double toned_sum = 0, other_sum = 0, structure_sum = 0;
    double toned_alone = 0, other_alone = 0;
    int count = 0, flat = 0;
    for (int y = place.y; y < place.y + place.height; ++y)
      for (int x = place.x; x < place.x + place.width; ++x) {
        if (mask.at<std::uint8_t>(y, x) == 0) continue;
        const auto a = static_cast<double>(toned_edges.at<float>(y, x));
        const auto b = static_cast<double>(other_edges.at<float>(y, x));
        const float value = structure.at<float>(y, x);
        ++count;
        if (std::max(a, b) < flat_edge) ++flat;
        toned_sum += a;
        other_sum += b;
        structure_sum += (a + b) * static_cast<double>(value);
        if (value >= same) tile.same += a + b;
        if (value >= other_structure) continue;
        toned_alone += a;
        other_alone += b;
      }
    if (count == 0 || std::max(toned_sum, other_sum) < least_edges * count) return;
    all += count;
    all_flat += flat;
    tile.height = (place.y + place.height / 2.0) / mask.rows;
    tile.edges = toned_sum + other_sum;
    tile.correlates = structure_sum >= least_structure * tile.edges;
    tile.contradicts = std::min(toned_alone, other_alone) >= least_contradiction * tile.edges;
    result.tiles.push_back(tile);
  });
  result.are_drawn = all_flat >= flat_share_of_drawings * all;
  return result;
}

/// What contradicting tiles take from the fidelity.
struct Contradiction {
  double usual = 0;        ///< share of the tiles that takes nothing
  double weight = 0;       ///< of the share beyond
  double least_other = 0;  ///< share of a tile's edges that must not be the same for it to count
};
constexpr Contradiction of_photos{0.07, 4, 0};
// A drawing differs from another one by the same hand in few places: an emblem, a number, a word.
// A watermark there lets what it covers be seen.
constexpr Contradiction of_drawings{0, 30, 0.3};

template <typename Counts>
double fidelity_of(const EdgeMap& map, Counts counts) {
  constexpr double mostly = 0.8;
  const Contradiction& contradiction = map.are_drawn ? of_drawings : of_photos;
  double correlating = 0, same = 0;
  int all = 0, same_tiles = 0, contradicting = 0;
  for (const TileEdges& tile : map.tiles) {
    if (!counts(tile.height)) continue;
    ++all;
    if (tile.same >= mostly * tile.edges) ++same_tiles;
    if (tile.contradicts && tile.edges - tile.same > contradiction.least_other * tile.edges)
      ++contradicting;
    if (!tile.correlates) continue;
    correlating += tile.edges;
    same += tile.same;
  }
  constexpr int fewest = 12;
  if (all < fewest || correlating <= 0) return 0;
  const auto share = [all](int tiles_of_all) { return static_cast<double>(tiles_of_all) / all; };
  return (same / correlating + share(same_tiles)) / 2 -
         contradiction.weight * std::max(0.0, share(contradicting) - contradiction.usual);
}

constexpr double price_of_a_band = 0.18;

}  // namespace

Agreement best_agreement(const cv::Mat& left, const cv::Mat& right, const cv::Mat& mask) {
  Agreement best;
  const cv::Mat edges = edges_of(left, right);
  for (const auto& [from, to] : {std::pair(left, right), std::pair(right, left)}) {
    cv::Mat fitted_where = mask;
    for (int round = 0; round < 2; ++round) {
      const cv::Mat toned = toned_like(from, to, fitted_where);
      Agreement found = agreement_of(ssim_map(toned, to), edges, mask);
      found.toned = toned;
      found.other = to;
      fitted_where = found.alike;
      const bool enough = cv::countNonZero(fitted_where) * 4 >= cv::countNonZero(mask);
      if (found.ssim > best.ssim) best = std::move(found);
      if (!enough) break;
    }
  }
  return best;
}

double fidelity_of(const Agreement& agreement, const cv::Mat& mask) {
  const EdgeMap map = edge_map_of(agreement, mask);
  double best = std::max(0.0, fidelity_of(map, [](double) { return true; }));
  // Whether the rest is the same, without one band or two at the edges.
  constexpr double step = 1.0 / 16, most = 5 * step, most_at_edge = 3 * step;
  const auto without = [&](auto left_out) {
    best = std::max(
        best, fidelity_of(map, [&](double height) { return !left_out(height); }) - price_of_a_band);
  };
  for (double first = 0; first < 1; first += step)
    for (double last = first + 2 * step; last <= std::min(1.0, first + most); last += step) {
      // What stands across the middle of a drawing is what it is about.
      if (map.are_drawn && first > 0 && last < 1) continue;
      without([=](double height) { return height >= first && height <= last; });
    }
  for (double top = 0; top <= most_at_edge; top += step)
    for (double bottom = 0; bottom <= most_at_edge; bottom += step)
      without([=](double height) { return height <= top || height >= 1 - bottom; });
  return best;
}

}  // namespace imgdedup::hashing
