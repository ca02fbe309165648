// SPDX-License-Identifier: Apache-2.0
// "The Quite OK Image Format": header and decoder.
#include <array>
#include <string_view>
#include <vector>

#include <opencv2/core.hpp>

#include "hashing/byte_reader.h"
#include "hashing/format_decoders.h"
#include "hashing/format_headers.h"

namespace imgdedup::hashing {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t header_bytes = 14;
constexpr std::string_view end_marker = "\0\0\0\0\0\0\0\x01"sv;

struct Pixel {
  std::uint8_t red = 0, green = 0, blue = 0, alpha = 255;

  [[nodiscard]] std::size_t slot() const {
    return (red * 3 + green * 5 + blue * 7 + alpha * 11) % 64;
  }
  void add(int to_red, int to_green, int to_blue) {
    red = static_cast<std::uint8_t>(red + to_red);
    green = static_cast<std::uint8_t>(green + to_green);
    blue = static_cast<std::uint8_t>(blue + to_blue);
  }
};

/// The pixels of a file, one after the other.
class PixelReader {
 public:
  explicit PixelReader(Bytes file) : reader_(file, ByteOrder::big_endian) {}

  Pixel next() {
    if (repeats_ > 0) {
      --repeats_;
      return last_;
    }
    read_chunk();
    seen_[last_.slot()] = last_;
    return last_;
  }
  [[nodiscard]] std::size_t position() const { return position_; }
  [[nodiscard]] bool ran_out() const { return reader_.ran_out(); }

 private:
  void read_chunk() {
    const auto byte = [this] { return static_cast<std::uint8_t>(reader_.u8(position_++)); };
    const std::uint8_t tag = byte();
    if (tag >= 0xfe) {
      last_.red = byte();
      last_.green = byte();
      last_.blue = byte();
      if (tag == 0xff) last_.alpha = byte();
      return;
    }
    const int low = tag & 63;
    switch (tag >> 6) {
      case 0:
        last_ = seen_[static_cast<std::size_t>(low)];
        break;
      case 1:
        last_.add((low >> 4) - 2, (low >> 2 & 3) - 2, (low & 3) - 2);
        break;
      case 2: {
        const int second = byte(), green = low - 32;
        last_.add(green - 8 + (second >> 4), green, green - 8 + (second & 15));
        break;
      }
      default:
        repeats_ = low;
    }
  }

  ByteReader reader_;
  std::size_t position_ = header_bytes;
  std::array<Pixel, 64> seen_ = [] {
    std::array<Pixel, 64> nothing;
    nothing.fill({0, 0, 0, 0});
    return nothing;
  }();
  Pixel last_;
  int repeats_ = 0;
};

}  // namespace

Outcome<ImageHeader> read_qoi_header(Bytes file) {
  ByteReader reader(file, ByteOrder::big_endian);
  ImageHeader header;
  header.width = reader.u32(4);
  header.height = reader.u32(8);
  const std::uint32_t channels = reader.u8(12);
  if (reader.ran_out() || file.size() < header_bytes + end_marker.size())
    return incomplete("QOI that ends in its header");
  constexpr std::uint64_t most_pixels_a_byte = 62;
  if (std::uint64_t{header.width} * header.height > most_pixels_a_byte * file.size())
    return incomplete("QOI that is too short for its size");
  if (channels != 3 && channels != 4) return damaged("QOI with neither 3 nor 4 channels");
  return header;
}

std::optional<matching::Refusal> give_qoi(Bytes file, const ImageHeader& header, RowSink& sink) {
  const cv::Size size(static_cast<int>(header.width), static_cast<int>(header.height));
  sink.begin(size, CV_8UC4);
  PixelReader pixels(file);
  std::vector<cv::Vec4b> row(header.width);
  for (int y = 0; y < size.height; ++y) {
    for (cv::Vec4b& out : row) {
      const Pixel pixel = pixels.next();
      out = {pixel.blue, pixel.green, pixel.red, pixel.alpha};
    }
    if (pixels.ran_out()) return incomplete("QOI that ends before its last row");
    sink.add({.y = y, .count = size.width, .samples = row.data()->val});
  }
  const ByteReader reader(file, ByteOrder::big_endian);
  if (!reader.has_text(pixels.position(), end_marker)) {
    if (!reader.holds(pixels.position(), end_marker.size()))
      return incomplete("QOI without its end marker");
    return damaged("QOI without its end marker");
  }
  return std::nullopt;
}

}  // namespace imgdedup::hashing
