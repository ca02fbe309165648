// SPDX-License-Identifier: Apache-2.0
// The chunks of a PNG file, walked to its end.
#include "hashing/byte_reader.h"
#include "hashing/format_headers.h"

namespace imgdedup::hashing {

Outcome<ImageHeader> read_png_header(Bytes file) {
  constexpr std::size_t signature_size = 8, chunk_frame = 12;
  const matching::Refusal ended = incomplete("PNG without its end chunk");
  ImageHeader header;
  ByteReader reader(file, ByteOrder::big_endian);
  bool has_data = false;
  for (std::size_t position = signature_size;;) {
    const std::size_t length = reader.u32(position);
    if (reader.ran_out() || !reader.holds(position + 4, 4)) return ended;
    const bool is_first = position == signature_size;
    if (is_first != reader.has_text(position + 4, "IHDR"))
      return damaged("PNG with its header chunk in the wrong place");
    if (length > 0x7fff'ffff) return damaged("PNG chunk longer than any may be");
    if (!reader.holds(position, chunk_frame + length)) return ended;
    const std::size_t data = position + 8;
    if (is_first) {
      if (length != 13) return damaged("PNG with a header chunk of a wrong length");
      header.width = reader.u32(data);
      header.height = reader.u32(data + 4);
    } else if (reader.has_text(position + 4, "IDAT")) {
      has_data = true;
    } else if (reader.has_text(position + 4, "acTL")) {
      if (length >= 8 && reader.u32(data) > 1) header.pictures = PictureCount::several;
    } else if (reader.has_text(position + 4, "eXIf")) {
      if (const auto orientation = orientation_of_exif(file.subspan(data, length)))
        header.orientation = *orientation;
    } else if (reader.has_text(position + 4, "IEND")) {
      if (!has_data) return damaged("PNG without picture data");
      return header;
    }
    position += chunk_frame + length;
  }
}

}  // namespace imgdedup::hashing
