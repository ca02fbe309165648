// SPDX-License-Identifier: Apache-2.0
// The blocks of a GIF file, walked to its trailer.
#include <algorithm>

#include "hashing/byte_reader.h"
#include "hashing/format_headers.h"

namespace imgdedup::hashing {
namespace {

enum Block : std::uint8_t { extension = 0x21, picture = 0x2c, trailer = 0x3b };

/// Bytes of the colour table that a packed field announces.
std::size_t colour_table_bytes(std::uint32_t packed) {
  return (packed & 0x80) == 0 ? 0 : std::size_t{3} << ((packed & 7) + 1);
}

/// Moves `position` behind a chain of data blocks; false if it has no end.
bool skip_data(ByteReader& reader, std::size_t& position) {
  while (const std::size_t length = reader.u8(position)) position += 1 + length;
  ++position;
  return !reader.ran_out();
}

}  // namespace

Outcome<ImageHeader> read_gif_header(Bytes file) {
  const matching::Refusal ended = incomplete("GIF without its trailer");
  ByteReader reader(file, ByteOrder::little_endian);
  ImageHeader header;
  header.width = reader.u16(6);
  header.height = reader.u16(8);
  std::size_t position = 13 + colour_table_bytes(reader.u8(10));
  int pictures = 0;
  for (;;) {
    const std::uint32_t block = reader.u8(position++);
    if (reader.ran_out()) return ended;
    if (block == trailer) break;
    if (block == extension) {
      ++position;
    } else if (block == picture) {
      if (pictures++ == 0) {
        // Some writers leave the canvas smaller than what they put on it.
        header.width = std::max(header.width, reader.u16(position) + reader.u16(position + 4));
        header.height =
            std::max(header.height, reader.u16(position + 2) + reader.u16(position + 6));
      }
      position += 9 + colour_table_bytes(reader.u8(position + 8)) + 1;
    } else {
      return damaged("GIF with a block of an unknown kind");
    }
    if (!skip_data(reader, position)) return ended;
  }
  if (pictures == 0) return damaged("GIF without a picture");
  if (pictures > 1) header.pictures = PictureCount::several;
  return header;
}

}  // namespace imgdedup::hashing
