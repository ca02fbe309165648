// SPDX-License-Identifier: Apache-2.0
// Files of simple formats, written by hand.
#include "support/encoded_formats.h"

#include <bit>
#include <stdexcept>

#include <opencv2/core.hpp>

#include "support/drawn_pictures.h"

namespace imgdedup::testing {
namespace {

using namespace std::string_literals;

enum class Order : std::uint8_t { little, big };

std::string number(std::uint64_t value, int bytes, Order order = Order::little) {
  std::string text;
  for (int i = 0; i < bytes; ++i) {
    const int shift = 8 * (order == Order::little ? i : bytes - 1 - i);
    text += static_cast<char>(value >> shift & 0xff);
  }
  return text;
}

std::string samples(const cv::Vec3b& pixel, bool red_first) {
  return red_first ? std::string{static_cast<char>(pixel[2]), static_cast<char>(pixel[1]),
                                 static_cast<char>(pixel[0])}
                   : std::string{static_cast<char>(pixel[0]), static_cast<char>(pixel[1]),
                                 static_cast<char>(pixel[2])};
}

std::string riff_chunk(std::string_view name, const std::string& data) {
  return std::string(name) + number(data.size(), 4) + data + std::string(data.size() % 2, '\0');
}

std::uint32_t checksum(std::string_view bytes) {
  std::uint32_t crc = 0xffff'ffff;
  for (const char c : bytes) {
    crc ^= static_cast<std::uint8_t>(c);
    for (int i = 0; i < 8; ++i) crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xedb8'8320 : 0);
  }
  return ~crc;
}

std::string png_chunk(const std::string& name, const std::string& data) {
  return number(data.size(), 4, Order::big) + name + data +
         number(checksum(name + data), 4, Order::big);
}

/// The data of all IDAT chunks.
std::string png_data(const std::string& png) {
  std::string data;
  for (std::size_t at = 8; at + 12 <= png.size();) {
    std::size_t length = 0;
    for (int i = 0; i < 4; ++i)
      length = length << 8 | static_cast<std::uint8_t>(png[at + static_cast<std::size_t>(i)]);
    if (png.compare(at + 4, 4, "IDAT") == 0) data += png.substr(at + 8, length);
    at += 12 + length;
  }
  return data;
}

}  // namespace

std::string png_in_icon(const cv::Mat& picture) { return encode_picture(picture, ".png"); }

std::string bitmap_in_icon(const cv::Mat& picture) {
  const auto width = static_cast<std::uint32_t>(picture.cols);
  const auto height = static_cast<std::uint32_t>(picture.rows);
  const auto channels = static_cast<std::uint32_t>(picture.channels());
  std::string bitmap = number(40, 4) + number(width, 4) + number(2 * height, 4) + number(1, 2) +
                       number(channels * 8, 2) + std::string(24, '\0');
  for (int y = picture.rows - 1; y >= 0; --y) {
    const std::string row(picture.ptr<char>(y), std::size_t{width} * channels);
    bitmap += row + std::string((4 - row.size() % 4) % 4, '\0');
  }
  return bitmap + std::string((std::size_t{width} + 31) / 32 * 4 * height, '\0');
}

std::string encode_icon(const std::vector<std::string>& pictures, IconKind kind) {
  std::string file =
      number(0, 2) + number(static_cast<std::uint64_t>(kind), 2) + number(pictures.size(), 2);
  std::size_t offset = 6 + 16 * pictures.size();
  for (const std::string& picture : pictures) {
    file += std::string(8, '\0') + number(picture.size(), 4) + number(offset, 4);
    offset += picture.size();
  }
  for (const std::string& picture : pictures) file += picture;
  return file;
}

std::string encode_webp_animation(const std::vector<cv::Mat>& frames, cv::Size canvas,
                                  cv::Point offset) {
  constexpr std::uint32_t animation_flag = 2, alpha_flag = 16;
  const auto size = [](cv::Size of) {
    return number(static_cast<std::uint64_t>(of.width) - 1, 3) +
           number(static_cast<std::uint64_t>(of.height) - 1, 3);
  };
  std::string chunks = riff_chunk("VP8X", number(animation_flag | alpha_flag, 4) + size(canvas)) +
                       riff_chunk("ANIM", std::string(6, '\0'));
  for (const cv::Mat& frame : frames) {
    const std::string still = encode_picture(frame, ".webp", 101);
    chunks += riff_chunk("ANMF", number(static_cast<std::uint64_t>(offset.x) / 2, 3) +
                                     number(static_cast<std::uint64_t>(offset.y) / 2, 3) +
                                     size(frame.size()) + number(100, 3) + '\0' + still.substr(12));
  }
  return "RIFF" + number(4 + chunks.size(), 4) + "WEBP" + chunks;
}

std::string encode_apng(const std::vector<cv::Mat>& frames) {
  const std::string first = encode_picture(frames.at(0), ".png");
  const auto big = [](int value, int bytes) {
    return number(static_cast<std::uint64_t>(value), bytes, Order::big);
  };
  int sequence = 0;
  std::string file = first.substr(0, 8 + 25) +
                     png_chunk("acTL", big(static_cast<int>(frames.size()), 4) + big(0, 4));
  for (const cv::Mat& frame : frames) {
    file += png_chunk("fcTL", big(sequence++, 4) + big(frame.cols, 4) + big(frame.rows, 4) +
                                  big(0, 8) + big(1, 2) + big(10, 2) + "\0\0"s);
    const std::string data = png_data(encode_picture(frame, ".png"));
    const bool is_still = &frame == &frames.front();
    file += is_still ? png_chunk("IDAT", data) : png_chunk("fdAT", big(sequence++, 4) + data);
  }
  return file + png_chunk("IEND", "");
}

std::string encode_dng(std::string_view preview, int orientation) {
  constexpr std::uint32_t byte = 1, text = 2, u16 = 3, u32 = 4;
  constexpr std::uint32_t width = 64, height = 48, raw_bytes = width * height * 2;
  struct Entry {
    std::uint32_t tag, type, count, value;
  };
  constexpr std::uint32_t first_at = 8, first_entries = 13, second_entries = 13;
  constexpr std::uint32_t second_at = first_at + 2 + first_entries * 12 + 4;
  constexpr std::uint32_t preview_at = second_at + 2 + second_entries * 12 + 4;
  const auto preview_bytes = static_cast<std::uint32_t>(preview.size());
  const std::uint32_t raw_at = preview_at + preview_bytes;
  const std::vector<Entry> first{{254, u32, 1, 1},
                                 {256, u32, 1, 320},
                                 {257, u32, 1, 240},
                                 {258, u16, 1, 8},
                                 {259, u16, 1, 7},
                                 {262, u16, 1, 6},
                                 {271, text, 4, 0x00636d41},
                                 {273, u32, 1, preview_at},
                                 {274, u16, 1, static_cast<std::uint32_t>(orientation)},
                                 {277, u16, 1, 3},
                                 {279, u32, 1, preview_bytes},
                                 {330, u32, 1, second_at},
                                 {50706, byte, 4, 0x00000401}};
  const std::vector<Entry> second{{254, u32, 1, 0},
                                  {256, u32, 1, width},
                                  {257, u32, 1, height},
                                  {258, u16, 1, 16},
                                  {259, u16, 1, 1},
                                  {262, u16, 1, 32803},
                                  {273, u32, 1, raw_at},
                                  {277, u16, 1, 1},
                                  {278, u32, 1, height},
                                  {279, u32, 1, raw_bytes},
                                  {33421, u16, 2, 0x00020002},
                                  {33422, byte, 4, 0x02010100},
                                  {50717, u32, 1, 65535}};
  std::string file = "II*\0"s + number(first_at, 4);
  for (const auto& entries : {first, second}) {
    file += number(entries.size(), 2);
    for (const Entry& entry : entries)
      file += number(entry.tag, 2) + number(entry.type, 2) + number(entry.count, 4) +
              number(entry.value, 4);
    file += number(0, 4);
  }
  return file + std::string(preview) + std::string(raw_bytes, '\x40');
}

std::string encode_pfm(const cv::Mat& grey, float white) {
  std::string file =
      "Pf\n" + std::to_string(grey.cols) + " " + std::to_string(grey.rows) + "\n-1.0\n";
  for (int y = grey.rows - 1; y >= 0; --y)
    for (int x = 0; x < grey.cols; ++x) {
      const float sample = static_cast<float>(grey.at<std::uint8_t>(y, x)) * white / 255;
      file += number(std::bit_cast<std::uint32_t>(sample), 4);
    }
  return file;
}

std::string encode_tiff_kind(const cv::Mat& picture, TiffKind kind) {
  std::string data;
  for (int y = 0; y < picture.rows; ++y)
    for (int x = 0; x < picture.cols; ++x) {
      const auto& pixel = picture.at<cv::Vec3b>(y, x);
      const std::uint32_t green = pixel[1] / 16U;
      if (kind == TiffKind::big)
        data += samples(pixel, true);
      else if (kind == TiffKind::inks)
        for (int ink = 0; ink < 4; ++ink)
          data += number(ink < 3 ? 65535 - pixel[2 - ink] * 257U : 0, 2);
      else if (x % 2 == 0)
        data += static_cast<char>(green << 4);
      else
        data.back() = static_cast<char>(static_cast<std::uint8_t>(data.back()) | green);
    }
  struct Entry {
    std::uint32_t tag, value;
  };
  const bool is_big = kind == TiffKind::big;
  const std::uint32_t bits = kind == TiffKind::big ? 8 : kind == TiffKind::inks ? 16 : 4;
  const std::uint32_t channels = kind == TiffKind::big ? 3 : kind == TiffKind::inks ? 4 : 1;
  const std::uint32_t photometric = kind == TiffKind::big ? 2 : kind == TiffKind::inks ? 5 : 1;
  constexpr std::uint32_t entries = 9;
  const int wide = is_big ? 8 : 4;
  const std::size_t directory = is_big ? 16 + 8 + entries * 20 + 8 : 8 + 2 + entries * 12 + 4;
  const std::size_t data_at = directory + 8;
  std::string file = is_big ? "II+\0\x08\0\0\0"s + number(16, 8) : "II*\0"s + number(8, 4);
  file += number(entries, is_big ? 8 : 2);
  const auto height = static_cast<std::uint32_t>(picture.rows);
  for (const Entry& entry : {Entry{256, static_cast<std::uint32_t>(picture.cols)},
                             {257, height},
                             {258, bits},
                             {259, 1},
                             {262, photometric},
                             {273, static_cast<std::uint32_t>(data_at)},
                             {277, channels},
                             {278, height},
                             {279, static_cast<std::uint32_t>(data.size())}}) {
    // Four values of 16 bits do not fit into an entry of classic TIFF.
    const bool is_bits = entry.tag == 258;
    std::string value = number(entry.value, wide);
    if (is_bits && is_big)
      value = number(bits, 2) + number(bits, 2) + number(bits, 2) + number(0, 2);
    if (is_bits && kind == TiffKind::inks) value = number(directory, 4);
    file += number(entry.tag, 2) + number(is_bits ? 3 : 4, 2) +
            number(is_bits ? channels : 1, wide) + value;
  }
  file += number(0, wide);
  for (int i = 0; i < 4; ++i) file += number(bits, 2);
  return file + data;
}

std::string encode_qoi(const cv::Mat& picture) {
  std::string file = "qoif" + number(static_cast<std::uint64_t>(picture.cols), 4, Order::big) +
                     number(static_cast<std::uint64_t>(picture.rows), 4, Order::big) + "\x03\0"s;
  for (int y = 0; y < picture.rows; ++y)
    for (int x = 0; x < picture.cols; ++x)
      file += '\xfe' + samples(picture.at<cv::Vec3b>(y, x), true);
  return file + "\0\0\0\0\0\0\0\x01"s;
}

std::string encode_sun_raster(const cv::Mat& picture) {
  const auto big = [](int value) {
    return number(static_cast<std::uint64_t>(value), 4, Order::big);
  };
  const int row_bytes = (picture.cols * 3 + 1) / 2 * 2;
  std::string file = "\x59\xa6\x6a\x95" + big(picture.cols) + big(picture.rows) + big(24) +
                     big(row_bytes * picture.rows) + big(1) + big(0) + big(0);
  for (int y = 0; y < picture.rows; ++y) {
    for (int x = 0; x < picture.cols; ++x) file += samples(picture.at<cv::Vec3b>(y, x), false);
    file += std::string(static_cast<std::size_t>(row_bytes - picture.cols * 3), '\0');
  }
  return file;
}

}  // namespace imgdedup::testing
