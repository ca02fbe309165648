// SPDX-License-Identifier: Apache-2.0
// Sun raster: header and decoder.
#include <optional>
#include <string>
#include <vector>

#include <opencv2/core.hpp>

#include "hashing/byte_reader.h"
#include "hashing/format_decoders.h"
#include "hashing/format_headers.h"

namespace imgdedup::hashing {
namespace {

using matching::Refusal;

enum Type : std::uint32_t { old_style = 0, standard = 1, run_length = 2, rgb = 3 };

constexpr std::uint64_t header_bytes = 32;

struct RasterHeader {
  std::uint64_t width, height, bits, data_bytes;
  std::uint32_t type, has_palette;
  std::uint64_t palette_bytes;

  explicit RasterHeader(Bytes file) {
    ByteReader reader(file, ByteOrder::big_endian);
    width = reader.u32(4);
    height = reader.u32(8);
    bits = reader.u32(12);
    data_bytes = reader.u32(16);
    type = reader.u32(20);
    has_palette = reader.u32(24);
    palette_bytes = reader.u32(28);
  }
  [[nodiscard]] std::uint64_t row_bytes() const { return (width * bits + 15) / 16 * 2; }
  [[nodiscard]] std::uint64_t data() const { return header_bytes + palette_bytes; }
};

/// The data of a run-length coded file; nothing if it is too short. 0x80 begins a run of
/// 0x80, count - 1, byte; 0x80 0 stands for itself.
std::optional<std::vector<std::uint8_t>> unpacked(Bytes data, std::uint64_t wanted) {
  constexpr std::uint8_t escape = 0x80;
  std::vector<std::uint8_t> result;
  for (std::size_t at = 0; result.size() < wanted;) {
    if (at >= data.size()) return std::nullopt;
    const std::uint8_t byte = data[at++];
    if (byte != escape) {
      result.push_back(byte);
      continue;
    }
    if (at >= data.size()) return std::nullopt;
    const std::size_t count = data[at++];
    if (count == 0) {
      result.push_back(escape);
    } else {
      if (at >= data.size()) return std::nullopt;
      result.insert(result.end(), count + 1, data[at++]);
    }
  }
  return result;
}

/// Turns samples into colours: blue, green, red.
class Colours {
 public:
  Colours(Bytes file, const RasterHeader& raster) : raster_(raster) {
    if (raster.has_palette == 1 && raster.bits <= 8)
      palette_ = file.subspan(header_bytes, raster.palette_bytes);
  }

  [[nodiscard]] cv::Vec3b at(const std::uint8_t* row, std::size_t x) const {
    if (raster_.bits == 1) return of_index(row[x / 8] >> (7 - x % 8) & 1, 255);
    if (raster_.bits == 8) return of_index(row[x], 1);
    const std::uint8_t* pixel = row + x * raster_.bits / 8 + (raster_.bits == 32 ? 1 : 0);
    if (raster_.type == rgb) return {pixel[2], pixel[1], pixel[0]};
    return {pixel[0], pixel[1], pixel[2]};
  }

 private:
  [[nodiscard]] cv::Vec3b of_index(std::size_t index, std::size_t scale) const {
    const std::size_t colours = palette_.size() / 3;
    if (colours == 0) {
      // Without a palette a set bit is black.
      const auto grey = static_cast<std::uint8_t>(scale == 1 ? index : (1 - index) * scale);
      return {grey, grey, grey};
    }
    if (index >= colours) return {0, 0, 0};
    return {palette_[2 * colours + index], palette_[colours + index], palette_[index]};
  }

  RasterHeader raster_;
  Bytes palette_;
};

}  // namespace

Outcome<ImageHeader> read_sun_raster_header(Bytes file) {
  if (file.size() < header_bytes) return incomplete("Sun raster that ends in its header");
  const RasterHeader raster(file);
  ImageHeader header;
  header.width = static_cast<std::uint32_t>(raster.width);
  header.height = static_cast<std::uint32_t>(raster.height);
  if (raster.type > rgb)
    return unsupported("Sun raster of type " + std::to_string(raster.type) + " is not read");
  if (raster.bits != 1 && raster.bits != 8 && raster.bits != 24 && raster.bits != 32)
    return damaged("Sun raster with " + std::to_string(raster.bits) + " bits a pixel");
  // Beyond the limits the sizes would overflow; they are held against them later.
  if (header.width > max_side_pixels || header.height > max_side_pixels) return header;
  const std::uint64_t whole = raster.row_bytes() * raster.height;
  // A run of three bytes makes at most 256 of them.
  if (raster.type == run_length && whole / 256 > file.size())
    return incomplete("Sun raster that is too short for its size");
  if (raster.data() + (raster.type == run_length ? raster.data_bytes : whole) > file.size())
    return incomplete("Sun raster that ends before its last row");
  return header;
}

Outcome<cv::Mat> decode_sun_raster(Bytes file, const ImageHeader&) {
  const RasterHeader raster(file);
  const std::uint64_t row_bytes = raster.row_bytes();
  Bytes data = file.subspan(raster.data());
  std::optional<std::vector<std::uint8_t>> rows;
  if (raster.type == run_length) {
    rows = unpacked(data, row_bytes * raster.height);
    if (!rows) return incomplete("Sun raster that ends before its last row");
    data = *rows;
  }
  const Colours colours(file, raster);
  cv::Mat picture(static_cast<int>(raster.height), static_cast<int>(raster.width), CV_8UC3);
  for (int y = 0; y < picture.rows; ++y)
    for (int x = 0; x < picture.cols; ++x)
      picture.at<cv::Vec3b>(y, x) = colours.at(
          data.data() + static_cast<std::size_t>(y) * row_bytes, static_cast<std::size_t>(x));
  return picture;
}

}  // namespace imgdedup::hashing
