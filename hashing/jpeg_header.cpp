// SPDX-License-Identifier: Apache-2.0
// The markers of a JPEG file, walked to its end.
#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include "build_formats.h"
#include "hashing/byte_reader.h"
#include "hashing/format_headers.h"

namespace imgdedup::hashing {
namespace {

using matching::Refusal;
using namespace std::string_view_literals;

enum Marker : std::uint8_t {
  stuffed_zero = 0x00,
  temporary = 0x01,
  first_frame = 0xc0,
  huffman_tables = 0xc4,
  reserved_frame = 0xc8,
  arithmetic_conditioning = 0xcc,
  last_frame = 0xcf,
  first_restart = 0xd0,
  last_restart = 0xd7,
  start_of_image = 0xd8,
  end_of_image = 0xd9,
  start_of_scan = 0xda,
  hierarchical_progression = 0xde,
  expand_reference = 0xdf,
  application_1 = 0xe1,
};

bool stands_alone(std::uint8_t marker) {
  return marker == stuffed_zero || marker == temporary ||
         (marker >= first_restart && marker <= start_of_image);
}

bool is_frame(std::uint8_t marker) {
  return marker >= first_frame && marker <= last_frame && marker != huffman_tables &&
         marker != reserved_frame && marker != arithmetic_conditioning;
}

std::optional<Refusal> refuse_frame(std::uint8_t marker, std::uint32_t precision) {
  // Kinds 0, 1, 2 are Huffman-coded baseline, extended and progressive; 9, 10 arithmetic ones.
  switch (marker - first_frame) {
    case 0:
    case 1:
    case 2:
    case 9:
    case 10:
      break;
    case 3:
    case 11:
      return unsupported("lossless JPEG is not read");
    default:
      return unsupported("hierarchical JPEG is not read");
  }
  const bool is_huffman_coded = marker - first_frame <= 2;
  if (precision != 8 && !(reads_jpeg12 && precision == 12 && is_huffman_coded))
    return unsupported("JPEG with " + std::to_string(precision) + " bits a sample is not read");
  return std::nullopt;
}

/// The next marker at or after `position`, which is moved behind it; empty at the end of the file.
/// Skips what is not a marker: entropy-coded data, and garbage between segments as libjpeg does.
std::optional<std::uint8_t> next_marker(Bytes file, std::size_t& position) {
  while (position < file.size()) {
    const void* found = std::memchr(file.data() + position, 0xff, file.size() - position);
    if (found == nullptr) break;
    position = static_cast<std::size_t>(static_cast<const std::uint8_t*>(found) - file.data());
    while (position < file.size() && file[position] == 0xff) ++position;
    if (position == file.size()) break;
    const std::uint8_t marker = file[position++];
    if (!stands_alone(marker)) return marker;
  }
  position = file.size();
  return std::nullopt;
}

/// Of all blocks of all components. frame: what follows the length of a frame header.
std::uint64_t coefficients_of(Bytes frame) {
  ByteReader reader(frame, ByteOrder::big_endian);
  const std::uint64_t height = reader.u16(1), width = reader.u16(3);
  const std::uint32_t components = reader.u8(5);
  std::uint64_t most_across = 1, most_down = 1, units = 0;
  for (std::uint32_t i = 0; i < components; ++i) {
    const std::uint64_t across = reader.u8(7 + std::size_t{i} * 3) >> 4;
    const std::uint64_t down = reader.u8(7 + std::size_t{i} * 3) & 15;
    most_across = std::max(most_across, across);
    most_down = std::max(most_down, down);
    units += across * down;
  }
  const auto in_units = [](std::uint64_t side, std::uint64_t blocks) {
    return (side + 8 * blocks - 1) / (8 * blocks);
  };
  return in_units(width, most_across) * in_units(height, most_down) * units * 64;
}

}  // namespace

Outcome<ImageHeader> read_jpeg_header(Bytes file) {
  ImageHeader header;
  ByteReader reader(file, ByteOrder::big_endian);
  bool has_frame = false;
  bool has_orientation = false;
  std::uint64_t coefficients = 0;
  std::size_t position = 2;
  while (const auto marker = next_marker(file, position)) {
    if (*marker == end_of_image) {
      if (!has_frame || header.jpeg_scans == 0) return damaged("JPEG without picture data");
      // What comes in several scans is put together in memory, two bytes a coefficient.
      if (header.jpeg_scans > 1) header.decoder_bytes = 2 * coefficients;
      return header;
    }
    const std::uint32_t length = reader.u16(position);
    if (reader.ran_out()) break;
    if (length < 2) return damaged("a JPEG segment is shorter than its own length");
    if (!reader.holds(position, length)) break;
    const Bytes segment = file.subspan(position + 2, length - 2);
    if (*marker == hierarchical_progression || *marker == expand_reference)
      return unsupported("hierarchical JPEG is not read");
    if (is_frame(*marker)) {
      if (has_frame) return damaged("JPEG with two frames");
      if (segment.size() < 6) return damaged("the JPEG frame header is too short");
      if (auto refusal = refuse_frame(*marker, segment[0])) return std::move(*refusal);
      has_frame = true;
      header.jpeg_bits = segment[0];
      if (header.jpeg_bits == 12) header.max_sample = 4095;
      header.height = reader.u16(position + 3);
      header.width = reader.u16(position + 5);
      if (header.height == 0) return unsupported("JPEG that states its height late is not read");
      coefficients = coefficients_of(segment);
    } else if (*marker == start_of_scan) {
      if (!has_frame) return damaged("JPEG scan before the frame header");
      ++header.jpeg_scans;
    } else if (*marker == application_1 && !has_orientation &&
               ByteReader(segment, ByteOrder::big_endian).has_text(0, "Exif\0\0"sv)) {
      if (const auto orientation = orientation_of_exif(segment)) {
        header.orientation = *orientation;
        has_orientation = true;
      }
    }
    position += length;
  }
  return incomplete("JPEG without its end marker");
}

}  // namespace imgdedup::hashing
