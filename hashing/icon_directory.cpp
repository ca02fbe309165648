// SPDX-License-Identifier: Apache-2.0
// The pictures that a Windows icon or cursor holds.
#include "hashing/icon_directory.h"

#include <optional>
#include <string>
#include <string_view>

#include "hashing/byte_reader.h"
#include "hashing/format_headers.h"

namespace imgdedup::hashing {
namespace {

using matching::Refusal;
using namespace std::string_view_literals;

constexpr std::uint32_t bitmap_header_bytes = 40, largest_bitmap_header_bytes = 124;

/// The header of a bitmap in an icon: BITMAPINFOHEADER with twice the height, for the mask.
Outcome<IconPicture> read_bitmap(Bytes bytes) {
  ByteReader reader(bytes, ByteOrder::little_endian);
  IconPicture picture;
  picture.bytes = bytes;
  const std::uint32_t header_bytes = reader.u32(0);
  picture.header.width = reader.u32(4);
  picture.header.height = reader.u32(8) / 2;
  picture.bits = reader.u16(14);
  const std::uint32_t compression = reader.u32(16);
  if (reader.ran_out()) return incomplete("icon that ends in the header of a picture");
  if (header_bytes < bitmap_header_bytes || header_bytes > largest_bitmap_header_bytes)
    return damaged("icon with a picture that has no known header");
  if (compression != 0) return unsupported("icon with a compressed bitmap is not read");
  if (picture.bits != 1 && picture.bits != 4 && picture.bits != 8 && picture.bits != 16 &&
      picture.bits != 24 && picture.bits != 32)
    return damaged("icon with " + std::to_string(picture.bits) + " bits a pixel");
  if (picture.header.width > 0x7fff'ffff || picture.header.height > 0x3fff'ffff)
    return damaged("icon with a picture of negative size");
  return picture;
}

Outcome<IconPicture> read_picture(Bytes bytes) {
  if (!ByteReader(bytes, ByteOrder::little_endian).has_text(0, "\x89PNG\r\n\x1a\n"sv))
    return read_bitmap(bytes);
  auto header = read_png_header(bytes);
  if (auto* refusal = std::get_if<Refusal>(&header)) return std::move(*refusal);
  IconPicture picture{bytes, IconPicture::Kind::png, 32, std::get<ImageHeader>(header)};
  picture.header.format = matching::ImageFormat::png;
  return picture;
}

bool is_larger(const IconPicture& a, const IconPicture& b) {
  const auto pixels = [](const IconPicture& picture) {
    return std::uint64_t{picture.header.width} * picture.header.height;
  };
  return pixels(a) != pixels(b) ? pixels(a) > pixels(b) : a.bits > b.bits;
}

std::optional<Refusal> refuse_early_end(const IconPicture& picture) {
  if (picture.kind == IconPicture::Kind::png) return std::nullopt;
  const IconBitmapLayout layout = layout_of(picture);
  // With alpha of its own a bitmap needs no mask, and some files have none.
  const bool may_end_before_mask = picture.bits == 32 && picture.bytes.size() == layout.mask;
  const std::uint64_t end = layout.mask + layout.mask_row_bytes * picture.header.height;
  if (end > picture.bytes.size() && !may_end_before_mask)
    return incomplete("icon that ends before its last row");
  return std::nullopt;
}

}  // namespace

IconBitmapLayout layout_of(const IconPicture& bitmap) {
  ByteReader reader(bitmap.bytes, ByteOrder::little_endian);
  IconBitmapLayout layout;
  layout.palette = reader.u32(0);
  const std::uint64_t used = reader.u32(32);
  if (bitmap.bits <= 8) {
    const std::uint64_t most = std::uint64_t{1} << bitmap.bits;
    layout.colours = used == 0 || used > most ? most : used;
  } else {
    layout.colours = used <= 256 ? used : 0;
  }
  layout.rows = layout.palette + layout.colours * 4;
  layout.row_bytes = (std::uint64_t{bitmap.header.width} * bitmap.bits + 31) / 32 * 4;
  layout.mask = layout.rows + layout.row_bytes * bitmap.header.height;
  layout.mask_row_bytes = (std::uint64_t{bitmap.header.width} + 31) / 32 * 4;
  return layout;
}

Outcome<IconPicture> largest_icon_picture(Bytes file) {
  constexpr std::size_t directory = 6, entry_bytes = 16;
  ByteReader reader(file, ByteOrder::little_endian);
  const std::size_t count = reader.u16(4);
  if (!reader.holds(directory, count * entry_bytes))
    return incomplete("icon that ends in its directory");
  std::optional<IconPicture> largest;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t offset = reader.u32(directory + i * entry_bytes + 12);
    if (offset > file.size()) return incomplete("icon that ends before its last picture");
    // The lengths in the directory are often wrong, so the pictures' own headers are believed.
    auto read = read_picture(file.subspan(offset));
    if (auto* refusal = std::get_if<Refusal>(&read)) return std::move(*refusal);
    auto& picture = std::get<IconPicture>(read);
    if (auto refusal = refuse_early_end(picture)) return std::move(*refusal);
    if (!largest || is_larger(picture, *largest)) largest = std::move(picture);
  }
  if (!largest) return damaged("icon without a picture");
  if (count > 1) largest->header.coverage = Coverage::part;
  return std::move(*largest);
}

Outcome<ImageHeader> read_icon_header(Bytes file) {
  auto picture = largest_icon_picture(file);
  if (auto* refusal = std::get_if<Refusal>(&picture)) return std::move(*refusal);
  return std::get<IconPicture>(picture).header;
}

}  // namespace imgdedup::hashing
