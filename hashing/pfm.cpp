// SPDX-License-Identifier: Apache-2.0
// The PFM kind of PNM, whose samples are floating-point numbers: header and decoder.
#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>
#include <vector>

#include <opencv2/core.hpp>

#include "hashing/byte_reader.h"
#include "hashing/format_decoders.h"
#include "hashing/format_headers.h"

namespace imgdedup::hashing {
namespace {

struct PfmHeader {
  std::uint32_t width = 0, height = 0;
  int channels = 1;
  ByteOrder order = ByteOrder::big_endian;
  std::size_t data = 0;  ///< where the samples begin, the lowest row first
};

/// The next word of the text at `position`, which is moved behind it and one blank; empty if the
/// text ends in it.
std::string_view next_word(std::string_view text, std::size_t& position) {
  constexpr std::string_view blanks = " \t\r\n";
  const std::size_t start = text.find_first_not_of(blanks, position);
  const std::size_t end = text.find_first_of(blanks, start);
  if (start == text.npos || end == text.npos) return {};
  position = end + 1;
  return text.substr(start, end - start);
}

template <typename Number>
std::optional<Number> number_of(std::string_view word) {
  Number number{};
  const auto read = std::from_chars(word.data(), word.data() + word.size(), number);
  if (read.ec != std::errc() || read.ptr != word.data() + word.size()) return std::nullopt;
  return number;
}

Outcome<PfmHeader> parse(Bytes file) {
  constexpr std::size_t longest_header = 256;
  const std::string_view text(reinterpret_cast<const char*>(file.data()),
                              std::min(file.size(), longest_header));
  PfmHeader header;
  header.channels = text[1] == 'F' ? 3 : 1;
  std::size_t position = 2;
  const auto width = next_word(text, position), height = next_word(text, position),
             scale = next_word(text, position);
  if (scale.empty()) return incomplete("PFM that ends in its header");
  const auto read_width = number_of<std::uint32_t>(width);
  const auto read_height = number_of<std::uint32_t>(height);
  const auto read_scale = number_of<double>(scale);
  if (!read_width || !read_height || !read_scale) return damaged("PFM with a broken header");
  header.width = *read_width;
  header.height = *read_height;
  if (*read_scale < 0) header.order = ByteOrder::little_endian;
  header.data = position;
  return header;
}

/// The samples in their file's order, read one by one.
class Samples {
 public:
  Samples(Bytes file, const PfmHeader& header) : reader_(file, header.order), data_(header.data) {}
  /// What is no number, or below black, is black.
  float at(std::size_t index) {
    const float value = std::bit_cast<float>(reader_.u32(data_ + index * 4));
    return std::isfinite(value) && value > 0 ? value : 0;
  }

 private:
  ByteReader reader_;
  std::size_t data_;
};

}  // namespace

Outcome<ImageHeader> read_pfm_header(Bytes file) {
  const auto parsed = parse(file);
  if (const auto* refusal = std::get_if<matching::Refusal>(&parsed)) return *refusal;
  const auto& pfm = std::get<PfmHeader>(parsed);
  ImageHeader header;
  header.width = pfm.width;
  header.height = pfm.height;
  header.coverage = Coverage::part;  // 16 bits are not all of a floating-point number
  // Beyond the limits the sizes would overflow; they are held against them later.
  if (header.width > max_side_pixels || header.height > max_side_pixels) return header;
  const std::uint64_t samples =
      std::uint64_t{pfm.width} * pfm.height * static_cast<unsigned>(pfm.channels);
  if (pfm.data + samples * 4 > file.size()) return incomplete("PFM that ends before its last row");
  return header;
}

std::optional<matching::Refusal> give_pfm(Bytes file, const ImageHeader&, RowSink& sink) {
  const auto parsed = parse(file);
  if (const auto* refusal = std::get_if<matching::Refusal>(&parsed)) return *refusal;
  const auto& pfm = std::get<PfmHeader>(parsed);
  const auto channels = static_cast<std::size_t>(pfm.channels);
  const std::size_t count = std::size_t{pfm.width} * pfm.height * channels;
  Samples samples(file, pfm);
  float white = 1;
  for (std::size_t i = 0; i < count; ++i) white = std::max(white, samples.at(i));
  const cv::Size size(static_cast<int>(pfm.width), static_cast<int>(pfm.height));
  sink.begin(size, CV_16UC(pfm.channels));
  std::vector<std::uint16_t> row(std::size_t{pfm.width} * channels);
  std::size_t index = 0;
  for (int y = size.height - 1; y >= 0; --y) {
    for (std::size_t x = 0; x < row.size(); x += channels)
      for (std::size_t channel = 0; channel < channels; ++channel)
        row[x + channels - 1 - channel] =
            static_cast<std::uint16_t>(std::lround(samples.at(index++) / white * 65'535));
    sink.add({.y = y,
              .count = size.width,
              .samples = reinterpret_cast<const std::uint8_t*>(row.data())});
  }
  return std::nullopt;
}

}  // namespace imgdedup::hashing
