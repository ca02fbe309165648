// SPDX-License-Identifier: Apache-2.0
// Whether two pictures whose hashes are close are really one picture re-encoded, resized or toned.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "matching/fingerprint.h"
#include "matching/relation.h"

namespace imgdedup::matching {

enum class Bound : std::uint8_t { at_least, at_most };

/// "at-least", "at-most".
std::string_view name_of(Bound bound);

/// One measure held against its threshold.
struct MeasureCheck {
  std::string_view measure;  ///< its name in JSON, e.g. "lowest_tile_ssim"; of static storage
  double value = 0;
  Bound bound = Bound::at_least;
  double threshold = 0;

  [[nodiscard]] bool passes() const {
    return bound == Bound::at_least ? value >= threshold : value <= threshold;
  }
  bool operator==(const MeasureCheck&) const = default;
};

/// Whether there is enough in a picture for it to be judged by look: measure "detail".
MeasureCheck detail_check(const Fingerprint& picture);
/// Whether `picture` holds enough to be judged by look at all. Flat and tiny pictures do not: only
/// `exact` and `pixels` count for them.
bool has_enough_detail(const Fingerprint& picture);

/// Everything that a comparison must pass to confirm `near`: "ssim", "lowest_tile_ssim",
/// "aspect_ratio_quotient", "colour_difference". The threshold of the tiles is a higher one where
/// stricter_tiles() says why. The thresholds and the figures they were chosen from:
/// docs/accuracy.md.
std::array<MeasureCheck, 4> near_checks(const Comparison& comparison, const Fingerprint& left,
                                        const Fingerprint& right);

/// Whether the comparison of two pictures within the hash radius confirms `near`: both have enough
/// detail, and all of near_checks() pass.
bool confirms_near(const Comparison& comparison, const Fingerprint& left, const Fingerprint& right);
/// Whether it would of any two pictures that have enough detail.
bool confirms_near_at_any_detail(const Comparison& comparison);

/// Why tiles have to agree better than usual, to be read after "stricter, as"; "" if they have not.
std::string_view stricter_tiles(const Comparison& comparison, const Fingerprint& left,
                                const Fingerprint& right);

}  // namespace imgdedup::matching
