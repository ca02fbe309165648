// SPDX-License-Identifier: Apache-2.0
// Two pictures brought to one frame -> how well they agree, tile by tile.
#pragma once

#include <opencv2/core/mat.hpp>

namespace imgdedup::hashing {

/// Of the part of the frame that shows both. The edges of a place: how much the two pictures differ
/// there from one sample to the next, in grey levels, each difference counted as 16 at most.
struct Agreement {
  double ssim = -1;         ///< mean
  double detail_ssim = -1;  ///< mean where each place counts by its edges
  double faithful = 0;      ///< share of the edges around which the SSIM is >= 0.9
  double lowest_tile = 1;   ///< lowest mean SSIM of a tile
  /// Share of the tiles that look alike (mean SSIM >= 0.5), by area and by edges; and the mean
  /// edges of these.
  double area = 0, detail_share = 0, detail = 0;
  cv::Mat alike;         ///< what lies in tiles that look alike, CV_8UC1
  cv::Mat toned, other;  ///< the two pictures, one toned like the other, CV_32FC1
};

/// left, right: CV_32FC1 of one size, 0..255; mask: CV_8UC1, not 0 where both show something, which
/// must be somewhere. Toning one picture may lose what the other keeps, so either may be toned; and
/// what was laid over one of them shall not decide on the tone, so it is fitted again where the two
/// look alike. Any thread.
Agreement best_agreement(const cv::Mat& left, const cv::Mat& right, const cv::Mat& mask);

/// How much of what agrees is the same to the sample, whatever the local brightness and contrast,
/// 0..1. The mean of two shares: of the edges in tiles that hold any and mostly correlate, those
/// around which the structure (the SSIM's third factor) is >= 0.9; and of all tiles that hold
/// edges, those of whose edges four fifths are so. Less, where in many tiles each picture has edges
/// that the other lacks: what was laid over a picture leaves the rest as it was, but two pages of
/// one form contradict each other everywhere; and in drawings, where most is flat even among the
/// edges, any such tile counts. A band across the picture (of drawings only at its edge), or
/// one above and one below, may be left out, as captions and banners are, for a price.
double fidelity_of(const Agreement& agreement, const cv::Mat& mask);

}  // namespace imgdedup::hashing
