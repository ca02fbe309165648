// SPDX-License-Identifier: Apache-2.0
// The chunks of a WebP file.
#include <algorithm>
#include <optional>

#include "hashing/byte_reader.h"
#include "hashing/format_headers.h"
#include "hashing/webp_frame.h"

namespace imgdedup::hashing {
namespace {

using matching::Refusal;

constexpr std::size_t first_chunk = 12, frame_header_bytes = 16;

struct Canvas {
  std::uint32_t width = 0, height = 0;  ///< pixels; 0: there is none
};

/// Sets the size from a lossy bitstream; false if it is none.
bool read_lossy(ByteReader& reader, std::size_t data, ImageHeader& header) {
  const bool is_key_frame = (reader.u8(data) & 1) == 0;
  if (!is_key_frame || reader.u24(data + 3) != 0x2a019d) return false;
  header.width = reader.u16(data + 6) & 0x3fff;
  header.height = reader.u16(data + 8) & 0x3fff;
  return !reader.ran_out();
}

bool read_lossless(ByteReader& reader, std::size_t data, ImageHeader& header) {
  if (reader.u8(data) != 0x2f) return false;
  const std::uint32_t bits = reader.u32(data + 1);
  header.width = (bits & 0x3fff) + 1;
  header.height = (bits >> 14 & 0x3fff) + 1;
  return !reader.ran_out();
}

/// Reads the size of a picture from a chunk at `position` that may be one; nothing if it is not.
/// Sets `found` if it is.
std::optional<Refusal> read_picture(ByteReader& reader, std::size_t position, ImageHeader& header,
                                    bool& found) {
  const std::size_t data = position + 8;
  if (reader.has_text(position, "VP8 ")) {
    if (!read_lossy(reader, data, header)) return damaged("WebP with a broken lossy header");
    // The samples; behind a canvas chunk perhaps with alpha, which is decoded apart.
    header.decoder_bytes_a_pixel = position == first_chunk ? 4 : 6;
    found = true;
  } else if (reader.has_text(position, "VP8L")) {
    if (!read_lossless(reader, data, header)) return damaged("WebP with a broken lossless header");
    header.decoder_bytes_a_pixel = 8;  // and once more as libwebp works with them
    found = true;
  }
  return std::nullopt;
}

/// What RIFF says is the file; bytes behind it are none of it.
Outcome<Bytes> riff_of(Bytes file) {
  ByteReader reader(file, ByteOrder::little_endian);
  const std::uint64_t size = std::uint64_t{reader.u32(4)} + 8;
  if (size > file.size()) return incomplete("WebP shorter than its header says");
  if (size < 20) return damaged("WebP without a chunk");
  return file.first(size);
}

/// Calls `visit(position, data, length)` for each chunk from `position` on until it says otherwise
/// by a Refusal.
template <typename Visit>
std::optional<Refusal> for_each_chunk(const ByteReader& whole, std::size_t position, Visit visit) {
  ByteReader reader = whole;
  while (reader.holds(position, 8)) {
    const std::size_t length = reader.u32(position + 4);
    const std::size_t data = position + 8;
    if (!reader.holds(data, length)) return damaged("a WebP chunk reaches beyond its file");
    if (auto refusal = visit(position, data, length)) return refusal;
    position = data + length + length % 2;
  }
  return std::nullopt;
}

Outcome<WebpFrame> read_frame(Bytes chunk) {
  ByteReader reader(chunk, ByteOrder::little_endian);
  WebpFrame frame;
  frame.left = 2 * reader.u24(0);
  frame.top = 2 * reader.u24(3);
  const std::uint32_t width = reader.u24(6) + 1, height = reader.u24(9) + 1;
  if (chunk.size() < frame_header_bytes) return damaged("a WebP frame is too short");
  frame.header.format = matching::ImageFormat::webp;
  bool has_picture = false;
  // Behind the picture may come chunks that nobody knows, and which OpenCV need not see.
  std::size_t end = frame_header_bytes;
  auto refusal = for_each_chunk(
      reader, frame_header_bytes,
      [&](std::size_t at, std::size_t data, std::size_t length) -> std::optional<Refusal> {
        if (has_picture) return std::nullopt;
        end = std::min(chunk.size(), data + length + length % 2);
        return read_picture(reader, at, frame.header, has_picture);
      });
  if (refusal) return std::move(*refusal);
  if (!has_picture) return damaged("a WebP frame without picture data");
  if (frame.header.width != width || frame.header.height != height)
    return damaged("a WebP frame whose picture has not the size of the frame");
  frame.chunks = chunk.subspan(frame_header_bytes, end - frame_header_bytes);
  return frame;
}

}  // namespace

bool is_webp_animation(Bytes file) {
  ByteReader reader(file, ByteOrder::little_endian);
  return reader.has_text(12, "VP8X") && (reader.u8(20) & webp_animation_flag) != 0;
}

Outcome<WebpFrame> first_webp_frame(Bytes file) {
  const auto riff = riff_of(file);
  if (const auto* refusal = std::get_if<Refusal>(&riff)) return *refusal;
  const Bytes chunks = std::get<Bytes>(riff);
  const ByteReader reader(chunks, ByteOrder::little_endian);
  std::optional<Bytes> frame;
  auto refusal = for_each_chunk(
      reader, first_chunk,
      [&](std::size_t at, std::size_t data, std::size_t length) -> std::optional<Refusal> {
        if (!frame && reader.has_text(at, "ANMF")) frame = chunks.subspan(data, length);
        return std::nullopt;
      });
  if (refusal) return std::move(*refusal);
  if (!frame) return damaged("animated WebP without a frame");
  return read_frame(*frame);
}

Outcome<ImageHeader> read_webp_header(Bytes file) {
  const auto riff = riff_of(file);
  if (const auto* refusal = std::get_if<Refusal>(&riff)) return *refusal;
  file = std::get<Bytes>(riff);

  ImageHeader header;
  Canvas canvas;
  ByteReader reader(file, ByteOrder::little_endian);
  bool has_picture = false, is_animation = false;
  int frames = 0;
  auto broken = for_each_chunk(
      reader, first_chunk,
      [&](std::size_t at, std::size_t data, std::size_t length) -> std::optional<Refusal> {
        if (reader.has_text(at, "VP8X")) {
          if (length < 10) return damaged("the WebP canvas chunk is too short");
          is_animation = (reader.u8(data) & webp_animation_flag) != 0;
          canvas = {reader.u24(data + 4) + 1, reader.u24(data + 7) + 1};
        } else if (reader.has_text(at, "ANMF")) {
          ++frames;
        } else if (reader.has_text(at, "EXIF")) {
          if (const auto orientation = orientation_of_exif(file.subspan(data, length)))
            header.orientation = *orientation;
        } else if (!has_picture) {
          return read_picture(reader, at, header, has_picture);
        }
        return std::nullopt;
      });
  if (broken) return std::move(*broken);
  if (is_animation) {
    const auto frame = first_webp_frame(file);
    if (const auto* refusal = std::get_if<Refusal>(&frame)) return *refusal;
    const auto& first = std::get<WebpFrame>(frame);
    if (first.left + first.header.width > canvas.width ||
        first.top + first.header.height > canvas.height)
      return damaged("a WebP frame reaches beyond its canvas");
    header.width = canvas.width;
    header.height = canvas.height;
    header.decoder_bytes = std::uint64_t{first.header.decoder_bytes_a_pixel} * first.header.width *
                           first.header.height;
    if (frames > 1) header.pictures = PictureCount::several;
    return header;
  }
  if (!has_picture) return damaged("WebP without picture data");
  if (canvas.width != 0 && (canvas.width != header.width || canvas.height != header.height))
    return damaged("WebP whose picture has not the size of its canvas");
  return header;
}

}  // namespace imgdedup::hashing
