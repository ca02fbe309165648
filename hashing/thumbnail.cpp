// SPDX-License-Identifier: Apache-2.0
// The bytes of one image -> a small picture for people.
#include "hashing/thumbnail.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include <opencv2/imgproc.hpp>

#include "hashing/decoding_memory.h"
#include "hashing/image_decoder.h"
#include "hashing/image_header.h"
#include "hashing/without_throwing.h"

namespace imgdedup::hashing {
namespace {

using matching::Refusal;
using matching::Thumbnail;

cv::Size fitted(std::uint32_t width, std::uint32_t height, std::uint32_t side_pixels) {
  const double scale = std::min(1.0, static_cast<double>(side_pixels) / std::max(width, height));
  const auto scaled = [scale](std::uint32_t side) {
    return std::max(1, static_cast<int>(std::lround(side * scale)));
  };
  return {scaled(width), scaled(height)};
}

Outcome<Thumbnail> reduce(Bytes file, std::uint32_t side_pixels, const DecodeLimits& limits) {
  const auto read = read_permitted_header(file, limits);
  if (const auto* refusal = std::get_if<Refusal>(&read)) return *refusal;
  const auto& header = std::get<ImageHeader>(read);
  auto decoded = decode_reduced_bgr(file, header, static_cast<int>(side_pixels));
  if (auto* refusal = std::get_if<Refusal>(&decoded)) return std::move(*refusal);

  const cv::Size size = fitted(header.shown_width(), header.shown_height(), side_pixels);
  Thumbnail thumbnail{.width_pixels = static_cast<std::uint32_t>(size.width),
                      .height_pixels = static_cast<std::uint32_t>(size.height),
                      .picture_width_pixels = header.shown_width(),
                      .picture_height_pixels = header.shown_height(),
                      .bgr = {}};
  thumbnail.bgr.resize(std::size_t{3} * thumbnail.width_pixels * thumbnail.height_pixels);
  cv::Mat reduced(size, CV_8UC3, thumbnail.bgr.data());
  cv::resize(std::get<cv::Mat>(decoded), reduced, size, 0, 0, cv::INTER_AREA);
  assert(reduced.data == thumbnail.bgr.data());
  return thumbnail;
}

}  // namespace

std::variant<Thumbnail, Refusal> make_thumbnail(Bytes file, std::uint32_t side_pixels,
                                                const DecodeLimits& limits) {
  assert(side_pixels >= 1);
  return without_throwing<Thumbnail>([&] { return reduce(file, side_pixels, limits); });
}

}  // namespace imgdedup::hashing
