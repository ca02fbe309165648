// SPDX-License-Identifier: Apache-2.0
// A file whose header is known -> its picture, at the size that a measure needs.
#include "hashing/image_decoder.h"

#include <algorithm>
#include <cmath>

#include <opencv2/imgproc.hpp>

#include "build_formats.h"
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

Outcome<cv::Mat> decode(Bytes file, const ImageHeader& header, JpegColour colour, JpegScale scale) {
  switch (header.format) {
    case ImageFormat::jpeg:
      if constexpr (reads_jpeg12)
        if (header.jpeg_bits == 12) return decode_jpeg12(file, header);
      return decode_jpeg(file, colour, scale, header.jpeg_scans);
    case ImageFormat::webp:
      if (is_webp_animation(file)) return decode_webp_animation(file, header);
      break;
    case ImageFormat::pnm:
      if (is_pfm(file)) return decode_pfm(file, header);
      break;
    case ImageFormat::tiff:
      if (header.tiff_decoder == TiffDecoder::libtiff) return decode_tiff(file, header);
      break;
    case ImageFormat::gif:
      if constexpr (reads_gif) return decode_gif(file, header);
      break;
    case ImageFormat::icon:
      return decode_icon(file, header);
    case ImageFormat::heif:
    case ImageFormat::avif:
      if constexpr (reads_heif) return decode_heif(file, header);
      break;
    case ImageFormat::jpegxl:
      if constexpr (reads_jpegxl) return decode_jpegxl(file, header);
      break;
    case ImageFormat::raw:
      if constexpr (reads_raw) return decode_raw(file, header, colour, scale);
      break;
    case ImageFormat::qoi:
      return decode_qoi(file, header);
    case ImageFormat::sun_raster:
      return decode_sun_raster(file, header);
    default:
      break;
  }
  return decode_with_opencv(file, header);
}

cv::Mat hash_picture_of(const cv::Mat& decoded, const ImageHeader& header) {
  const int factor = std::max(1, std::min(decoded.cols, decoded.rows) / hash_short_side);
  return apply_orientation(reduce_to_grey(decoded, header.max_sample, factor, AlphaRule::on_white),
                           header.orientation);
}

cv::Mat grey_at(const cv::Mat& decoded, const ImageHeader& header, int long_side) {
  const int decoded_side = std::max(decoded.cols, decoded.rows);
  const int factor = std::max(1, decoded_side / long_side);
  cv::Mat grey = reduce_to_grey(decoded, header.max_sample, factor, AlphaRule::on_white);
  const int side = std::max(grey.cols, grey.rows);
  if (side > long_side) {
    const auto reduced = [&](int length) {
      return std::max(
          1, static_cast<int>(std::lround(static_cast<double>(length) * long_side / side)));
    };
    cv::Mat result;
    // By less than half: nothing aliases that the corners would see.
    cv::resize(grey, result, {reduced(grey.cols), reduced(grey.rows)}, 0, 0, cv::INTER_LINEAR);
    grey = result;
  }
  return apply_orientation(grey, header.orientation);
}

JpegScale hash_scale(const ImageHeader& header) {
  return scale_for(std::min(header.width, header.height), hash_short_side);
}

JpegScale scale_at(const ImageHeader& header, int long_side) {
  return scale_for(std::max(header.width, header.height), long_side);
}

}  // namespace

Outcome<cv::Mat> decode_reduced_grey(Bytes file, const ImageHeader& header) {
  auto decoded = decode(file, header, JpegColour::grey, hash_scale(header));
  if (std::holds_alternative<Refusal>(decoded)) return decoded;
  return hash_picture_of(std::get<cv::Mat>(decoded), header);
}

Outcome<GreyPictures> decode_for_features(Bytes file, const ImageHeader& header) {
  auto decoded = decode(file, header, JpegColour::grey, hash_scale(header));
  if (auto* refusal = std::get_if<Refusal>(&decoded)) return std::move(*refusal);
  GreyPictures result{hash_picture_of(std::get<cv::Mat>(decoded), header), {}};
  const JpegScale needed = scale_at(header, sufficient_feature_long_side);
  if (header.format == ImageFormat::jpeg && needed.denominator < hash_scale(header).denominator) {
    decoded = decode(file, header, JpegColour::grey, needed);
    if (auto* refusal = std::get_if<Refusal>(&decoded)) return std::move(*refusal);
  }
  result.for_features = grey_at(std::get<cv::Mat>(decoded), header, feature_long_side);
  return result;
}

Outcome<cv::Mat> decode_grey_at(Bytes file, const ImageHeader& header, int long_side) {
  auto decoded = decode(file, header, JpegColour::grey, scale_at(header, long_side));
  if (std::holds_alternative<Refusal>(decoded)) return decoded;
  return grey_at(std::get<cv::Mat>(decoded), header, long_side);
}

Outcome<cv::Mat> decode_reduced_bgr(Bytes file, const ImageHeader& header, int long_side) {
  auto decoded = decode(file, header, JpegColour::bgr, scale_at(header, long_side));
  if (std::holds_alternative<Refusal>(decoded)) return decoded;
  const auto& picture = std::get<cv::Mat>(decoded);
  const int factor = std::max(1, std::max(picture.cols, picture.rows) / long_side);
  return apply_orientation(reduce_to_bgr(picture, header.max_sample, factor, AlphaRule::on_white),
                           header.orientation);
}

Outcome<cv::Mat> decode_full(Bytes file, const ImageHeader& header) {
  auto decoded = decode(file, header, JpegColour::bgr, {1});
  if (std::holds_alternative<Refusal>(decoded)) return decoded;
  return apply_orientation(std::get<cv::Mat>(decoded), header.orientation);
}

Outcome<cv::Mat> decode_as_stored(Bytes file, const ImageHeader& header) {
  auto decoded = decode(file, header, JpegColour::bgr, {1});
  if (std::holds_alternative<Refusal>(decoded)) return decoded;
  return reduce_to_bgr(std::get<cv::Mat>(decoded), header.max_sample, 1, AlphaRule::dropped);
}

}  // namespace imgdedup::hashing
