// SPDX-License-Identifier: Apache-2.0
// The first frame of an animated WebP, taken out as a WebP file of its own.
#include <string_view>
#include <vector>

#include <opencv2/core.hpp>

#include "hashing/alpha.h"
#include "hashing/byte_reader.h"
#include "hashing/format_decoders.h"
#include "hashing/opencv_decoder.h"
#include "hashing/webp_frame.h"

namespace imgdedup::hashing {
namespace {

void append(std::vector<std::uint8_t>& out, std::string_view text) {
  out.insert(out.end(), text.begin(), text.end());
}
void append(std::vector<std::uint8_t>& out, std::uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<std::uint8_t>(value >> 8 * i));
}

/// A still WebP of the chunks of one frame.
std::vector<std::uint8_t> still_file(Bytes chunks, const ImageHeader& frame) {
  using namespace std::string_view_literals;
  constexpr std::uint32_t extended_bytes = 10, alpha_flag = 0x10;
  const bool has_alpha_chunk = ByteReader(chunks, ByteOrder::little_endian).has_text(0, "ALPH");
  std::vector<std::uint8_t> file;
  append(file, "RIFF"sv);
  append(file,
         static_cast<std::uint32_t>(4 + (has_alpha_chunk ? 8 + extended_bytes : 0) + chunks.size()),
         4);
  append(file, "WEBP"sv);
  if (has_alpha_chunk) {
    append(file, "VP8X"sv);
    append(file, extended_bytes, 4);
    append(file, alpha_flag, 4);
    append(file, frame.width - 1, 3);
    append(file, frame.height - 1, 3);
  }
  file.insert(file.end(), chunks.begin(), chunks.end());
  return file;
}

}  // namespace

std::optional<matching::Refusal> give_webp_animation(Bytes file, const ImageHeader& header,
                                                     RowSink& sink) {
  const auto found = first_webp_frame(file);
  if (const auto* refusal = std::get_if<matching::Refusal>(&found)) return *refusal;
  const auto& frame = std::get<WebpFrame>(found);
  const auto decoded = decode_with_opencv(still_file(frame.chunks, frame.header), frame.header);
  if (const auto* refusal = std::get_if<matching::Refusal>(&decoded)) return *refusal;
  const auto& picture = std::get<cv::Mat>(decoded);
  const cv::Size canvas(static_cast<int>(header.width), static_cast<int>(header.height));
  if (picture.size() == canvas) {
    give_rows(picture, sink);
    return std::nullopt;
  }
  sink.begin(canvas, CV_8UC4);
  const cv::Rect place(static_cast<int>(frame.left), static_cast<int>(frame.top), picture.cols,
                       picture.rows);
  cv::Mat row(1, canvas.width, CV_8UC4);
  for (int y = 0; y < canvas.height; ++y) {
    row = cv::Scalar::all(0);
    if (y >= place.y && y < place.y + place.height)
      with_alpha(picture.row(y - place.y)).copyTo(row.colRange(place.x, place.x + place.width));
    sink.add({.y = y, .count = canvas.width, .samples = row.data});
  }
  return std::nullopt;
}

}  // namespace imgdedup::hashing
