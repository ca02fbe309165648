// SPDX-License-Identifier: Apache-2.0
// How one file relates to another, and what that rests on.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "matching/fingerprint.h"

namespace imgdedup::matching {

/// Strongest first: a smaller value is a stronger relation.
enum class Relation : std::uint8_t {
  exact,   ///< the same bytes
  pixels,  ///< other bytes, the same decoded picture
  near,    ///< the same picture re-encoded, resized, lightly toned
  edited,  ///< the same picture cropped, turned, mirrored, framed, captioned
};

/// "exact", "pixels", "near", "edited".
std::string_view name_of(Relation relation);
std::optional<Relation> relation_from_name(std::string_view name);

/// The measures a relation rests on; only those that were taken are present.
struct Evidence {
  std::optional<int> distance_bits;  ///< Hamming distance of the configured perceptual hash, 0..64
  std::optional<double> ssim;        ///< structural similarity at a common size, -1..1
  std::optional<int> inliers;        ///< local features that agree on one transform
  std::optional<double> similarity;  ///< cosine of two embeddings, -1..1
  /// How the duplicate came from the original: left and right exchanged, then turned clockwise by
  /// [0, 360) degrees, then enlarged.
  std::optional<bool> mirrored = {};
  std::optional<double> rotation_degrees = {};
  std::optional<double> scale = {};
  /// Share of the original that the duplicate shows, 0..1.
  std::optional<double> overlap = {};

  bool operator==(const Evidence&) const = default;
};

/// How one picture lies in another: what local features that agree on one transform say, and what
/// looking at the part that both show says. Shares are 0..1.
struct EditComparison {
  /// Pairs of features, one of either picture, that agree on the transform; 0 where the two were
  /// laid on one another whole, merely turned by right angles or mirrored.
  int inliers = 0;
  /// Inliers by the features of that picture which has fewer of them in the common part.
  double matched_share = 0;
  /// Share of the common part, by cells of a 6 x 6 grid, in which inliers lie.
  double spread = 0;
  /// Mean SSIM of the common part, brought to one frame and tone, -1..1.
  double overlap_ssim = 0;
  /// Share of the common part's tiles that look alike: by area; and by the edges they hold.
  double agreeing_area = 0, agreeing_detail = 0;
  /// Mean SSIM of the common part where each place counts by the edges it holds, -1..1.
  double detail_ssim = 0;
  /// How much of what agrees is the same to the sample, whatever its brightness and contrast: 1
  /// where nothing but what was laid over one of the two differs, the less the more of all edges
  /// differ a little. 0..1.
  double fidelity = 0;
  /// Lowest mean SSIM of a tile, -1..1.
  double lowest_tile_ssim = 0;
  /// Mean absolute difference, each counted as 16 at most, of neighbouring samples in the tiles
  /// that look alike, in grey levels: how much there is to judge by. 0..16.
  double detail = 0;
  /// Share of the left picture that the right one shows, and the other way round.
  double left_overlap = 0, right_overlap = 0;
  /// The transform from left to right in the sizes as shown: enlargement; how much more in one
  /// direction than in the other, >= 1; turn clockwise in degrees [0, 360), after mirroring.
  double scale = 1, stretch = 1, rotation_degrees = 0;
  bool mirrored = false;  ///< left and right exchanged, before the turn

  bool operator==(const EditComparison&) const = default;
};

/// Which of two compared pictures is the duplicate.
enum class DuplicateSide : std::uint8_t { left, right };
/// Adds what the comparison says about how the duplicate came from the original.
void add_edit(Evidence& evidence, const EditComparison& edit, DuplicateSide duplicate);

/// What looking at two pictures together says; measured in a worker from both files.
struct Comparison {
  /// The bytes that were compared: evidence is only about these contents.
  ContentDigest left_digest, right_digest;
  /// Same size as shown and every sample of every channel equal, alpha included.
  bool same_pixels = false;
  /// Mean SSIM of the grey pictures at a common size after fitting brightness and contrast, -1..1.
  double ssim = 0;
  /// Lowest SSIM of any tile of that common size: a local change stands out here, -1..1.
  double lowest_tile_ssim = 0;
  /// Ratio of the two aspect ratios (width/height as shown), >= 1; 1 means equal.
  double aspect_ratio_quotient = 1;
  /// Mean absolute difference of the grey pictures before brightness and contrast are fitted,
  /// 0..255.
  double tone_difference = 0;
  /// Root mean square of the chroma in which the two disagree beyond one being paler, in levels of
  /// 0..255. A grey copy of a colour picture has 0, a picture in other colours much.
  double colour_difference = 0;
  /// Present where edits were asked for and some transform relates the two.
  std::optional<EditComparison> edit = {};

  bool operator==(const Comparison&) const = default;
};

}  // namespace imgdedup::matching
