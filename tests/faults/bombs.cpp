// SPDX-License-Identifier: Apache-2.0
// Small files that ask a decoder for much memory or time.
#include "faults/bombs.h"

#include <string_view>
#include <utility>

#include <opencv2/core.hpp>

namespace imgdedup::testing {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

void append_u16(std::string& out, int value) {
  out += static_cast<char>(value >> 8);
  out += static_cast<char>(value);
}

/// Start of image, a quantisation table of ones, a frame of one component, and the Huffman tables
/// DC 0 and AC 0, in which a single zero bit stands for `ac_symbol` or for the DC symbol 0.
std::string jpeg_start(char frame_marker, PictureSize size, char ac_symbol) {
  std::string out = "\xff\xd8\xff\xdb\x00\x43\x00"s + std::string(64, '\x01') + '\xff';
  out += frame_marker;
  append_u16(out, 11);
  out += '\x08';
  append_u16(out, size.height);
  append_u16(out, size.width);
  out += "\x01\x01\x11\x00"sv;
  for (const auto& [table, symbol] : {std::pair('\x00', '\x00'), std::pair('\x10', ac_symbol)}) {
    out += "\xff\xc4\x00\x14"sv;
    out += table;
    out += '\x01';
    out += std::string(15, '\0');
    out += symbol;
  }
  return out;
}

void append_scan_header(std::string& out, char first, char last) {
  out += "\xff\xda\x00\x08\x01\x01\x00"sv;
  out += first;
  out += last;
  out += '\0';
}

int blocks_of(PictureSize size) { return (size.width + 7) / 8 * ((size.height + 7) / 8); }

/// `bits` zero bits, filled up with ones.
std::string zero_bits(int bits) {
  std::string out(static_cast<std::size_t>(bits / 8), '\0');
  if (bits % 8 != 0) out += static_cast<char>(0xff >> bits % 8);
  return out;
}

}  // namespace

std::string png_that_says(PictureSize size) {
  std::string png = encode_picture(cv::Mat(1, 1, CV_8UC1, cv::Scalar(0)), ".png");
  constexpr std::size_t width_at = 16;
  std::string sides;
  for (const int side : {size.width, size.height}) {
    append_u16(sides, side >> 16);
    append_u16(sides, side & 0xffff);
  }
  return png.replace(width_at, sides.size(), sides);
}

std::string flat_png(PictureSize size, int channels, int bits, PngRows rows) {
  return encode_flat_png({size.width, size.height},
                         {.channels = channels, .bits = bits, .rows = rows});
}

std::string ppm_header(PictureSize size) {
  return "P6\n" + std::to_string(size.width) + " " + std::to_string(size.height) + "\n255\n";
}

std::string flat_jpeg(PictureSize size) {
  std::string out = jpeg_start('\xc0', size, '\0');
  append_scan_header(out, '\x00', '\x3f');
  return out + zero_bits(2 * blocks_of(size)) + "\xff\xd9";
}

std::string jpeg_of_scans(PictureSize size, int scans) {
  // Symbol 0xe0: a run of 2^14 blocks of zeros, and as many more as the next 14 bits say.
  constexpr int longest_run = (1 << 15) - 1;
  std::string out = jpeg_start('\xc2', size, '\xe0');
  append_scan_header(out, '\x00', '\x00');
  out += zero_bits(blocks_of(size));
  std::string bits;
  for (int left = blocks_of(size); left > 0; left -= longest_run)
    bits += '0' + std::string(14, '1');
  std::string scan;
  for (std::size_t at = 0; at < bits.size(); at += 8) {
    int byte = 0;
    for (std::size_t i = at; i < at + 8; ++i)
      byte = byte * 2 + (i >= bits.size() || bits[i] == '1' ? 1 : 0);
    scan += static_cast<char>(byte);
    if (byte == 0xff) scan += '\0';
  }
  for (int i = 0; i < scans; ++i) {
    append_scan_header(out, '\x01', '\x3f');
    out += scan;
  }
  return out + "\xff\xd9";
}

std::string gif_of_canvas(PictureSize size) {
  const auto little_endian = [](int value) {
    return std::string{static_cast<char>(value), static_cast<char>(value >> 8)};
  };
  return "GIF87a" + little_endian(size.width) + little_endian(size.height) +
         "\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00;"s;
}

}  // namespace imgdedup::testing
