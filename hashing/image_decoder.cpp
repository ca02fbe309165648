// SPDX-License-Identifier: Apache-2.0
// A file whose header is known -> its picture, at the size that a measure needs.
#include "hashing/image_decoder.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <opencv2/imgproc.hpp>

#include "build_formats.h"
#include "hashing/bands.h"
#include "hashing/format_decoders.h"
#include "hashing/format_headers.h"
#include "hashing/jpeg_decoder.h"
#include "hashing/local_features.h"
#include "hashing/opencv_decoder.h"
#include "hashing/reduction.h"
#include "hashing/webp_frame.h"

namespace imgdedup::hashing {
namespace {

using matching::ImageFormat;
using matching::Refusal;

/// The smallest scale at which a side of `side` pixels keeps at least `needed`.
JpegScale scale_for(std::uint32_t side, int needed) {
  for (const int denominator : {8, 4, 2}) {
    const auto d = static_cast<std::uint32_t>(denominator);
    if ((side + d - 1) / d >= static_cast<std::uint32_t>(needed)) return {denominator};
  }
  return {1};
}

/// By a library that wants all of the picture in memory.
Outcome<cv::Mat> decode_whole(Bytes file, const ImageHeader& header) {
  switch (header.format) {
    case ImageFormat::tiff:
      if (header.tiff_decoder == TiffDecoder::libtiff) return decode_tiff(file, header);
      break;
    case ImageFormat::heif:
    case ImageFormat::avif:
      if constexpr (reads_heif) return decode_heif(file, header);
      break;
    case ImageFormat::jpegxl:
      if constexpr (reads_jpegxl) return decode_jpegxl(file, header);
      break;
    default:
      break;
  }
  return decode_with_opencv(file, header);
}

/// All of the picture, as stored, into `sink`.
std::optional<Refusal> give(Bytes file, const ImageHeader& header, JpegColour colour,
                            JpegScale scale, RowSink& sink) {
  switch (header.format) {
    case ImageFormat::jpeg:
      if constexpr (reads_jpeg12)
        if (header.jpeg_bits == 12) return give_jpeg12(file, header, sink);
      return give_jpeg(file, colour, scale, header.jpeg_scans, sink);
    case ImageFormat::png:
      return give_png(file, header, sink);
    case ImageFormat::pnm:
      if (is_pfm(file)) return give_pfm(file, header, sink);
      break;
    case ImageFormat::gif:
      if constexpr (reads_gif) return give_gif(file, header, sink);
      break;
    case ImageFormat::webp:
      if (is_webp_animation(file)) return give_webp_animation(file, header, sink);
      break;
    case ImageFormat::icon:
      return give_icon(file, header, sink);
    case ImageFormat::raw:
      if constexpr (reads_raw) return give_raw(file, header, colour, scale, sink);
      break;
    case ImageFormat::qoi:
      return give_qoi(file, header, sink);
    case ImageFormat::sun_raster:
      return give_sun_raster(file, header, sink);
    default:
      break;
  }
  constexpr std::uint64_t band_pixels = std::uint64_t{1} << 22;
  if (const auto bands = bands_of(file, header))
    return give_in_bands(*bands, header, band_pixels, sink);
  auto decoded = decode_whole(file, header);
  if (auto* refusal = std::get_if<Refusal>(&decoded)) return std::move(*refusal);
  give_rows(std::get<cv::Mat>(decoded), sink);
  return std::nullopt;
}

int hash_factor(cv::Size size) {
  return std::max(1, std::min(size.width, size.height) / hash_short_side);
}

Reduction::FactorRule factor_for_long_side(int long_side) {
  return [long_side](cv::Size size) {
    return std::max(1, std::max(size.width, size.height) / long_side);
  };
}

/// By less than half, to `long_side` at most.
cv::Mat fitted(const cv::Mat& grey, int long_side) {
  const int side = std::max(grey.cols, grey.rows);
  if (side <= long_side) return grey;
  const auto reduced = [&](int length) {
    return std::max(1,
                    static_cast<int>(std::lround(static_cast<double>(length) * long_side / side)));
  };
  cv::Mat result;
  // By less than half: nothing aliases that the corners would see.
  cv::resize(grey, result, {reduced(grey.cols), reduced(grey.rows)}, 0, 0, cv::INTER_LINEAR);
  return result;
}

Reduction grey_reduction(const ImageHeader& header, std::vector<Reduction::FactorRule> rules) {
  return {ReducedColour::grey, header.max_sample, AlphaRule::on_white, std::move(rules)};
}

JpegScale hash_scale(const ImageHeader& header) {
  return scale_for(std::min(header.width, header.height), hash_short_side);
}

JpegScale scale_at(const ImageHeader& header, int long_side) {
  return scale_for(std::max(header.width, header.height), long_side);
}

}  // namespace

Outcome<cv::Mat> decode_reduced_grey(Bytes file, const ImageHeader& header) {
  Reduction reduction = grey_reduction(header, {hash_factor});
  if (auto refusal = give(file, header, JpegColour::grey, hash_scale(header), reduction))
    return std::move(*refusal);
  return apply_orientation(reduction.result(), header.orientation);
}

Outcome<GreyPictures> decode_for_features(Bytes file, const ImageHeader& header) {
  const auto feature_factor = factor_for_long_side(feature_long_side);
  Reduction both = grey_reduction(header, {hash_factor, feature_factor});
  if (auto refusal = give(file, header, JpegColour::grey, hash_scale(header), both))
    return std::move(*refusal);
  GreyPictures result{apply_orientation(both.result(0), header.orientation), {}};
  cv::Mat for_features = both.result(1);
  const JpegScale needed = scale_at(header, sufficient_feature_long_side);
  if (header.format == ImageFormat::jpeg && needed.denominator < hash_scale(header).denominator) {
    Reduction larger = grey_reduction(header, {feature_factor});
    if (auto refusal = give(file, header, JpegColour::grey, needed, larger))
      return std::move(*refusal);
    for_features = larger.result();
  }
  result.for_features =
      apply_orientation(fitted(for_features, feature_long_side), header.orientation);
  return result;
}

Outcome<cv::Mat> decode_grey_at(Bytes file, const ImageHeader& header, int long_side) {
  Reduction reduction = grey_reduction(header, {factor_for_long_side(long_side)});
  if (auto refusal = give(file, header, JpegColour::grey, scale_at(header, long_side), reduction))
    return std::move(*refusal);
  return apply_orientation(fitted(reduction.result(), long_side), header.orientation);
}

Outcome<cv::Mat> decode_reduced_bgr(Bytes file, const ImageHeader& header, int long_side) {
  Reduction reduction(ReducedColour::bgr, header.max_sample, AlphaRule::on_white,
                      {factor_for_long_side(long_side)});
  if (auto refusal = give(file, header, JpegColour::bgr, scale_at(header, long_side), reduction))
    return std::move(*refusal);
  return apply_orientation(reduction.result(), header.orientation);
}

std::optional<Refusal> give_full(Bytes file, const ImageHeader& header, RowSink& sink) {
  return give(file, header, JpegColour::bgr, {1}, sink);
}

Outcome<cv::Mat> decode_as_stored(Bytes file, const ImageHeader& header) {
  Reduction reduction(ReducedColour::bgr, header.max_sample, AlphaRule::dropped,
                      {[](cv::Size) { return 1; }});
  if (auto refusal = give_full(file, header, reduction)) return std::move(*refusal);
  return reduction.result();
}

}  // namespace imgdedup::hashing
