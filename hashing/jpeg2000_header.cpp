// SPDX-License-Identifier: Apache-2.0
// The boxes of a JP2 file and the markers of its codestream.
#include <algorithm>
#include <limits>
#include <string>

#include "hashing/byte_reader.h"
#include "hashing/format_headers.h"

namespace imgdedup::hashing {
namespace {

using matching::Refusal;

/// The codestream: from its start marker to the end of the box or file.
struct Codestream {
  Bytes bytes;
};

Outcome<Codestream> find_codestream(Bytes file) {
  ByteReader reader(file, ByteOrder::big_endian);
  if (reader.u32(0) == 0xff4f'ff51) return Codestream{file};
  for (std::uint64_t position = 0; reader.holds(position, 8);) {
    std::uint64_t length = reader.u32(position);
    std::uint64_t frame = 8;
    if (length == 1) {
      length = reader.u64(position + 8);
      frame = 16;
    } else if (length == 0) {
      length = file.size() - position;
    }
    if (length < frame) return damaged("JP2 box shorter than its own header");
    if (length > file.size() - position) return incomplete("JP2 that ends inside a box");
    if (reader.has_text(position + 4, "jp2c"))
      return Codestream{file.subspan(position + frame, length - frame)};
    position += length;
  }
  return incomplete("JP2 that ends before its picture data");
}

std::optional<Refusal> read_size(ByteReader& reader, ImageHeader& header) {
  constexpr std::size_t siz = 4;
  if (reader.u32(0) != 0xff4f'ff51)
    return reader.ran_out() ? incomplete("JPEG 2000 that ends in its header")
                            : damaged("JPEG 2000 without its size");
  const std::uint32_t right = reader.u32(siz + 4), bottom = reader.u32(siz + 8);
  const std::uint32_t left = reader.u32(siz + 12), top = reader.u32(siz + 16);
  const std::uint32_t components = reader.u16(siz + 36);
  if (reader.ran_out()) return incomplete("JPEG 2000 that ends in its header");
  if (right <= left || bottom <= top) return damaged("JPEG 2000 with an empty picture");
  header.width = right - left;
  header.height = bottom - top;
  if (components == 0 || components == 2 || components > 4)
    return unsupported("JPEG 2000 with " + std::to_string(components) + " components is not read");
  std::uint32_t bits = 0;
  for (std::uint32_t i = 0; i < components; ++i) {
    const std::size_t at = siz + 38 + std::size_t{i} * 3;
    const std::uint32_t depth = reader.u8(at);
    if (reader.u8(at + 1) != 1 || reader.u8(at + 2) != 1)
      return unsupported("JPEG 2000 with subsampled components is not read");
    if ((depth & 0x80) != 0) return unsupported("JPEG 2000 with signed samples is not read");
    bits = std::max(bits, depth + 1);
  }
  if (reader.ran_out()) return incomplete("JPEG 2000 that ends in its header");
  if (bits > 16)
    return unsupported("JPEG 2000 with " + std::to_string(bits) + " bits a sample is not read");
  if (bits > 8) header.max_sample = (std::uint32_t{1} << bits) - 1;
  // OpenJPEG's four bytes a sample and OpenCV's samples, and some for the coded ones.
  header.decoder_bytes_a_pixel = components * (bits > 8 ? 7 : 6);
  return std::nullopt;
}

/// Follows the main header and the tile parts to the end marker.
std::optional<Refusal> refuse_early_end(ByteReader& reader) {
  constexpr std::uint32_t start_of_tile = 0xff90, end_of_codestream = 0xffd9;
  const Refusal ended = incomplete("JPEG 2000 without its end marker");
  for (std::size_t position = 2;;) {
    const std::uint32_t marker = reader.u16(position);
    if (reader.ran_out()) return ended;
    if (marker == end_of_codestream) return std::nullopt;
    if (marker == start_of_tile) {
      const std::uint32_t length = reader.u32(position + 6);
      if (reader.ran_out()) return ended;
      // 0: the last tile part, reaching to the end marker at the end of the codestream.
      if (length == 0) {
        if (reader.u16(reader.size() - 2) == end_of_codestream) return std::nullopt;
        return ended;
      }
      if (length < 14) return damaged("JPEG 2000 tile part shorter than its own header");
      if (!reader.holds(position, length)) return ended;
      position += length;
    } else {
      const std::uint32_t length = reader.u16(position + 2);
      if (reader.ran_out()) return ended;
      if (marker < 0xff00 || length < 2) return damaged("JPEG 2000 with a broken marker");
      position += 2 + length;
    }
  }
}

}  // namespace

Outcome<ImageHeader> read_jpeg2000_header(Bytes file) {
  const auto found = find_codestream(file);
  if (const auto* refusal = std::get_if<Refusal>(&found)) return *refusal;
  ByteReader reader(std::get<Codestream>(found).bytes, ByteOrder::big_endian);
  ImageHeader header;
  if (auto refusal = read_size(reader, header)) return std::move(*refusal);
  if (header.width <= max_side_pixels && header.height <= max_side_pixels)
    if (auto refusal = refuse_early_end(reader)) return std::move(*refusal);
  return header;
}

}  // namespace imgdedup::hashing
