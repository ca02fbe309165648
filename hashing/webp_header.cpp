// SPDX-License-Identifier: Apache-2.0
// The chunks of a WebP file.
#include "hashing/byte_reader.h"
#include "hashing/format_headers.h"

namespace imgdedup::hashing {
namespace {

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

}  // namespace

Outcome<ImageHeader> read_webp_header(Bytes file) {
  constexpr std::uint32_t animation_flag = 0x02;
  ByteReader whole(file, ByteOrder::little_endian);
  const std::uint64_t riff_size = std::uint64_t{whole.u32(4)} + 8;
  if (riff_size > file.size()) return incomplete("WebP shorter than its header says");
  if (riff_size < 20) return damaged("WebP without a chunk");
  file = file.first(riff_size);

  ImageHeader header, canvas;
  ByteReader reader(file, ByteOrder::little_endian);
  bool has_picture = false, has_canvas = false;
  for (std::size_t position = 12; reader.holds(position, 8);) {
    const std::size_t length = reader.u32(position + 4);
    const std::size_t data = position + 8;
    if (!reader.holds(data, length)) return damaged("a WebP chunk reaches beyond its file");
    if (reader.has_text(position, "VP8X")) {
      if (length < 10) return damaged("the WebP canvas chunk is too short");
      if ((reader.u8(data) & animation_flag) != 0) return unsupported("animated WebP is not read");
      canvas.width = reader.u24(data + 4) + 1;
      canvas.height = reader.u24(data + 7) + 1;
      has_canvas = true;
    } else if (!has_picture && reader.has_text(position, "VP8 ")) {
      if (!read_lossy(reader, data, header)) return damaged("WebP with a broken lossy header");
      has_picture = true;
    } else if (!has_picture && reader.has_text(position, "VP8L")) {
      if (!read_lossless(reader, data, header))
        return damaged("WebP with a broken lossless header");
      has_picture = true;
    } else if (reader.has_text(position, "EXIF")) {
      if (const auto orientation = orientation_of_exif(file.subspan(data, length)))
        header.orientation = *orientation;
    }
    position = data + length + length % 2;
  }
  if (!has_picture) return damaged("WebP without picture data");
  if (has_canvas && (canvas.width != header.width || canvas.height != header.height))
    return damaged("WebP whose picture has not the size of its canvas");
  return header;
}

}  // namespace imgdedup::hashing
