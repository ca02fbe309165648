// SPDX-License-Identifier: Apache-2.0
// The preview that a camera raw file carries.
#include "hashing/raw_preview.h"

#include <libraw/libraw.h>

#include <memory>
#include <optional>
#include <string>

#include "hashing/format_headers.h"
#include "hashing/media_boxes.h"
#include "hashing/tiff_directory.h"
#include "hashing/tiff_pieces.h"

namespace imgdedup::hashing {
namespace {

using matching::Refusal;
using matching::RefusalReason;

std::optional<Refusal> refusal_of(int error) {
  if (error == LIBRAW_SUCCESS) return std::nullopt;
  std::string message = std::string("camera raw: ") + LibRaw::strerror(error);
  switch (error) {
    case LIBRAW_FILE_UNSUPPORTED:
    case LIBRAW_NOT_IMPLEMENTED:
    case LIBRAW_UNSUPPORTED_THUMBNAIL:
      return unsupported(std::move(message));
    case LIBRAW_NO_THUMBNAIL:
      return unsupported("camera raw without a preview is not read");
    case LIBRAW_IO_ERROR:
      return incomplete(std::move(message));
    case LIBRAW_UNSUFFICIENT_MEMORY:
      return Refusal{RefusalReason::out_of_memory, std::move(message)};
    case LIBRAW_TOO_BIG:
    case LIBRAW_MEMPOOL_OVERFLOW:
      return over_limit(std::move(message));
    default:
      return damaged(std::move(message));
  }
}

/// Whether the strips and tiles of all directories of a raw file that is built as TIFF are there.
std::optional<Refusal> refuse_early_end_of_tiff(Bytes file) {
  constexpr std::uint16_t sub_directories = 330;
  constexpr std::size_t most_directories = 64;
  const auto first = TiffDirectory::first_offset(file);
  if (!first) return std::nullopt;
  std::vector<std::uint64_t> offsets{*first};
  for (std::size_t i = 0; i < offsets.size() && i < most_directories; ++i) {
    const auto directory = TiffDirectory::at(file, offsets[i]);
    if (!directory) {
      if (offsets[i] >= file.size()) return incomplete("camera raw that ends before a directory");
      continue;
    }
    if (auto refusal = refuse_missing_pieces(*directory, file.size())) return refusal;
    if (const auto below = directory->values(sub_directories, most_directories))
      offsets.insert(offsets.end(), below->begin(), below->end());
    if (directory->next_offset() != 0) offsets.push_back(directory->next_offset());
  }
  return std::nullopt;
}

std::optional<Refusal> refuse_early_end(Bytes file) {
  if (!ByteReader(file, ByteOrder::big_endian).has_text(4, "ftyp"))
    return refuse_early_end_of_tiff(file);
  const auto boxes = read_media_boxes(file);
  if (const auto* refusal = std::get_if<Refusal>(&boxes)) return *refusal;
  return std::nullopt;
}

/// libraw's turn: 1 mirrors left and right, 2 top and bottom, 4 transposes before.
Orientation orientation_of_flip(int flip) {
  constexpr Orientation orientations[] = {Orientation::normal,       Orientation::mirrored,
                                          Orientation::flipped,      Orientation::turned_half,
                                          Orientation::transposed,   Orientation::turned_left,
                                          Orientation::turned_right, Orientation::transversed};
  return orientations[flip & 7];
}

/// A preview of a picture taken upright may have been turned already when it was stored.
bool is_turned_already(const libraw_image_sizes_t& raw, const ImageHeader& preview) {
  if (raw.width == raw.height || preview.width == preview.height) return false;
  return (raw.width > raw.height) != (preview.width > preview.height);
}

Outcome<ImageHeader> header_of(const RawPreview& preview, const libraw_thumbnail_t& thumbnail) {
  if (preview.kind == RawPreview::Kind::jpeg) return read_jpeg_header(preview.bytes);
  ImageHeader header;
  header.width = thumbnail.twidth;
  header.height = thumbnail.theight;
  if (std::uint64_t{header.width} * header.height * static_cast<unsigned>(preview.channels) >
      preview.bytes.size())
    return damaged("camera raw with a preview shorter than its size");
  return header;
}

}  // namespace

Outcome<RawPreview> read_raw_preview(Bytes file) {
  if (auto refusal = refuse_early_end(file)) return std::move(*refusal);
  // It is too large for a stack.
  const auto raw = std::make_unique<LibRaw>(
      static_cast<unsigned>(LIBRAW_OPIONS_NO_MEMERR_CALLBACK | LIBRAW_OPIONS_NO_DATAERR_CALLBACK));
  if (auto refusal =
          refusal_of(raw->open_buffer(const_cast<std::uint8_t*>(file.data()), file.size())))
    return std::move(*refusal);
  const auto& unpacker = raw->get_internal_data_pointer()->unpacker_data;
  if (unpacker.data_offset < 0 || static_cast<std::uint64_t>(unpacker.data_offset) >= file.size())
    return incomplete("camera raw that ends before its picture");
  if (auto refusal = refusal_of(raw->unpack_thumb())) return std::move(*refusal);

  const libraw_thumbnail_t& thumbnail = raw->imgdata.thumbnail;
  RawPreview preview;
  if (thumbnail.thumb == nullptr) return unsupported("camera raw without a preview is not read");
  if (thumbnail.tformat == LIBRAW_THUMBNAIL_BITMAP)
    preview.kind = RawPreview::Kind::samples;
  else if (thumbnail.tformat != LIBRAW_THUMBNAIL_JPEG)
    return unsupported("camera raw with a preview of a kind that is not read");
  preview.channels = thumbnail.tcolors == 1 ? 1 : 3;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(thumbnail.thumb);
  preview.bytes.assign(bytes, bytes + thumbnail.tlength);

  auto read = header_of(preview, thumbnail);
  if (auto* refusal = std::get_if<Refusal>(&read)) return std::move(*refusal);
  preview.header = std::get<ImageHeader>(read);
  const Orientation turn = orientation_of_flip(raw->imgdata.sizes.flip);
  if (preview.header.orientation == Orientation::normal &&
      !(swaps_sides(turn) && is_turned_already(raw->imgdata.sizes, preview.header)))
    preview.header.orientation = turn;
  preview.header.coverage = Coverage::part;
  return preview;
}

Outcome<ImageHeader> read_raw_header(Bytes file) {
  auto preview = read_raw_preview(file);
  if (auto* refusal = std::get_if<Refusal>(&preview)) return std::move(*refusal);
  return std::get<RawPreview>(preview).header;
}

}  // namespace imgdedup::hashing
