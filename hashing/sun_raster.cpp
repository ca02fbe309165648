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

/// The rows of a file, one after the other. In a run-length coded one 0x80 begins a run of
/// 0x80, count - 1, byte; 0x80 0 stands for itself.
class Rows {
 public:
  Rows(Bytes data, const RasterHeader& raster)
      : data_(data), is_coded_(raster.type == run_length), row_(raster.row_bytes()) {}

  /// Null if the data ends before.
  const std::uint8_t* next() {
    if (!is_coded_) {
      if (row_.size() > data_.size() - at_) return nullptr;
      at_ += row_.size();
      return data_.data() + at_ - row_.size();
    }
    for (std::uint8_t& byte : row_)
      if (!unpack(byte)) return nullptr;
    return row_.data();
  }

 private:
  bool unpack(std::uint8_t& byte) {
    constexpr std::uint8_t escape = 0x80;
    if (repeats_ == 0) {
      if (at_ >= data_.size()) return false;
      repeats_ = 1;
      repeated_ = data_[at_++];
      if (repeated_ == escape) {
        if (at_ >= data_.size()) return false;
        const std::size_t count = data_[at_++];
        if (count > 0) {
          if (at_ >= data_.size()) return false;
          repeats_ = count + 1;
          repeated_ = data_[at_++];
        }
      }
    }
    --repeats_;
    byte = repeated_;
    return true;
  }

  Bytes data_;
  bool is_coded_;
  std::vector<std::uint8_t> row_;
  std::size_t at_ = 0, repeats_ = 0;
  std::uint8_t repeated_ = 0;
};

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

std::optional<Refusal> give_sun_raster(Bytes file, const ImageHeader& header, RowSink& sink) {
  const RasterHeader raster(file);
  const cv::Size size(static_cast<int>(header.width), static_cast<int>(header.height));
  sink.begin(size, CV_8UC3);
  const Colours colours(file, raster);
  Rows rows(file.subspan(raster.data()), raster);
  std::vector<cv::Vec3b> out(header.width);
  for (int y = 0; y < size.height; ++y) {
    const std::uint8_t* const row = rows.next();
    if (row == nullptr) return incomplete("Sun raster that ends before its last row");
    for (std::size_t x = 0; x < out.size(); ++x) out[x] = colours.at(row, x);
    sink.add({.y = y, .count = size.width, .samples = out.data()->val});
  }
  return std::nullopt;
}

}  // namespace imgdedup::hashing
