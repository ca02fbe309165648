// SPDX-License-Identifier: Apache-2.0
// The headers of a Windows or OS/2 bitmap.
#include <algorithm>
#include <string>

#include "hashing/byte_reader.h"
#include "hashing/format_headers.h"

namespace imgdedup::hashing {
namespace {

enum Compression : std::uint32_t {
  none = 0,
  run_length_8 = 1,
  run_length_4 = 2,
  bit_fields = 3,
  alpha_bit_fields = 6,
};

/// Height as a signed number whose sign only says which row comes first.
std::uint32_t magnitude(std::uint32_t two_complement) {
  return two_complement > 0x7fff'ffff ? ~two_complement + 1 : two_complement;
}

}  // namespace

Outcome<ImageHeader> read_bmp_header(Bytes file) {
  ByteReader reader(file, ByteOrder::little_endian);
  ImageHeader header;
  const std::uint64_t data = reader.u32(10);
  const std::uint32_t header_size = reader.u32(14);
  const bool is_core = header_size == 12;
  header.width = is_core ? reader.u16(18) : reader.u32(18);
  header.height = is_core ? reader.u16(20) : magnitude(reader.u32(22));
  const std::uint32_t bits = is_core ? reader.u16(24) : reader.u16(28);
  const bool has_compression = header_size >= 40;
  const std::uint32_t compression = has_compression ? reader.u32(30) : std::uint32_t{none};
  if (reader.ran_out()) return incomplete("BMP that ends in its header");
  if (header.width > 0x7fff'ffff) return damaged("BMP with a negative width");

  switch (compression) {
    case none:
    case bit_fields:
    case alpha_bit_fields: {
      if (bits != 1 && bits != 2 && bits != 4 && bits != 8 && bits != 16 && bits != 24 &&
          bits != 32)
        return damaged("BMP with " + std::to_string(bits) + " bits a pixel");
      if (bits == 2) return unsupported("BMP with 2 bits a pixel is not read");
      // Widths far over the limit must not overflow here; the limit is held against them later.
      if (header.width > max_side_pixels || header.height > max_side_pixels) return header;
      const std::uint64_t row_bytes = (std::uint64_t{header.width} * bits + 31) / 32 * 4;
      if (data + row_bytes * header.height > file.size())
        return incomplete("BMP that ends before its last row");
      return header;
    }
    case run_length_8:
    case run_length_4: {
      const std::uint64_t data_size = reader.u32(34);
      if (reader.ran_out() || data + data_size > file.size() || data >= file.size())
        return incomplete("BMP that ends before its last row");
      return header;
    }
    default:
      return unsupported("BMP with compression " + std::to_string(compression) + " is not read");
  }
}

std::optional<BmpLayout> bmp_layout_of(Bytes file, const ImageHeader& header) {
  ByteReader reader(file, ByteOrder::little_endian);
  const std::uint64_t header_size = reader.u32(14);
  const bool is_core = header_size == 12;
  const std::uint64_t bits = is_core ? reader.u16(24) : reader.u16(28);
  const std::uint32_t compression = header_size >= 40 ? reader.u32(30) : std::uint32_t{none};
  if (compression == run_length_8 || compression == run_length_4) return std::nullopt;
  BmpLayout layout;
  layout.rows = reader.u32(10);
  layout.row_bytes = (header.width * bits + 31) / 32 * 4;
  layout.height = is_core ? 20 : 22;
  layout.height_bytes = is_core ? 2 : 4;
  layout.lowest_first = is_core || reader.u32(22) <= 0x7fff'ffff;
  // Behind the header lie colours of four bytes (three of a core header), or three masks.
  std::uint64_t tables = 0;
  if (bits <= 8) {
    const std::uint64_t used = header_size >= 40 ? reader.u32(46) : 0;
    const std::uint64_t colours = std::uint64_t{1} << bits;
    tables = (used == 0 ? colours : std::min(used, colours)) * (is_core ? 3 : 4);
  } else if (compression != none && header_size == 40) {
    tables = compression == alpha_bit_fields ? 16 : 12;
  }
  const bool tables_fit = 14 + header_size + tables <= layout.rows;
  if (reader.ran_out() || !tables_fit) return std::nullopt;
  return layout;
}

}  // namespace imgdedup::hashing
