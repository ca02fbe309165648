// SPDX-License-Identifier: Apache-2.0
// Whether two pictures whose hashes are close are really one picture.
#include "matching/near_confirmation.h"

namespace imgdedup::matching {
namespace {

constexpr float min_detail = 8.0F;
constexpr double min_ssim = 0.75;
constexpr double max_aspect_ratio_quotient = 1.1;

}  // namespace

bool has_enough_detail(const Fingerprint& picture) { return picture.detail >= min_detail; }

bool confirms_near(const Comparison& comparison) {
  return comparison.ssim >= min_ssim &&
         comparison.aspect_ratio_quotient <= max_aspect_ratio_quotient;
}

}  // namespace imgdedup::matching
