// SPDX-License-Identifier: Apache-2.0
// A stranger's file meets our header parsers, and those decoders that are our own.
#include <algorithm>
#include <cassert>
#include <cstdlib>

#include <opencv2/core.hpp>

#include "hashing/bands.h"
#include "hashing/format_decoders.h"
#include "hashing/format_headers.h"
#include "hashing/icon_directory.h"
#include "hashing/image_format.h"
#include "hashing/media_boxes.h"
#include "hashing/tiff_directory.h"
#include "hashing/webp_frame.h"

namespace {

using namespace imgdedup::hashing;
using imgdedup::matching::ImageFormat;

constexpr std::uint64_t most_decoded_pixels = 1 << 20;

void must(bool holds) {
  if (!holds) std::abort();
}

bool lies_within(Bytes part, Bytes file) {
  return part.data() >= file.data() && part.data() + part.size() <= file.data() + file.size();
}

void walk_directories(Bytes file) {
  std::uint64_t offset = TiffDirectory::first_offset(file).value_or(0);
  for (int i = 0; i < 8 && offset != 0; ++i) {
    const auto directory = TiffDirectory::at(file, offset);
    if (!directory) return;
    for (std::uint32_t tag = 254; tag < 350; ++tag) {
      const auto number = static_cast<std::uint16_t>(tag);
      if (const auto place = directory->value_offset(number)) must(*place < file.size());
      if (const auto values = directory->values(number, 64)) must(values->size() <= 64);
      must(!directory->value(number) || directory->has(number));
    }
    offset = directory->next_offset();
  }
}

void decode_by_ourselves(Bytes file, const ImageHeader& header) {
  if (std::uint64_t{header.width} * header.height > most_decoded_pixels) return;
  WholePicture whole;
  std::optional<imgdedup::matching::Refusal> refusal;
  if (header.format == ImageFormat::qoi)
    refusal = give_qoi(file, header, whole);
  else if (header.format == ImageFormat::sun_raster)
    refusal = give_sun_raster(file, header, whole);
  else if (header.format == ImageFormat::pnm && is_pfm(file))
    refusal = give_pfm(file, header, whole);
  else
    return;
  must(refusal || whole.picture().size() ==
                      cv::Size(static_cast<int>(header.width), static_cast<int>(header.height)));
}

/// Rows and pieces that bands are made of lie in the file.
void cut(Bytes file, const ImageHeader& header) {
  if (header.format == ImageFormat::bmp)
    if (const auto layout = bmp_layout_of(file, header))
      must(layout->rows + layout->row_bytes * header.height <= file.size());
  if (header.format == ImageFormat::pnm && !is_pfm(file))
    if (const auto layout = pnm_layout_of(file, header))
      must(layout->rows + layout->row_bytes * header.height <= file.size());
  if (header.format != ImageFormat::tiff) return;
  const auto bands = tiff_bands(file, header);
  if (!bands) return;
  for (std::uint32_t i = 0; i < 4; ++i) {
    const std::uint64_t first_row = std::uint64_t{i} * bands->step_rows;
    if (first_row >= header.height) return;
    const auto row = static_cast<std::uint32_t>(first_row);
    const std::uint32_t rows = std::min(bands->step_rows, header.height - row);
    must(TiffDirectory::first_offset(bands->file_of(row, rows)).has_value());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes file(data, size);
  const auto outcome = read_header(file, {});
  if (const auto* header = std::get_if<ImageHeader>(&outcome)) {
    must(header->width >= 1 && header->width <= max_side_pixels);
    must(header->height >= 1 && header->height <= max_side_pixels);
    must(header->orientation_value_offset < size);
    decode_by_ourselves(file, *header);
    cut(file, *header);
    if (header->format == ImageFormat::icon) {
      const auto picture = largest_icon_picture(file);
      if (const auto* found = std::get_if<IconPicture>(&picture)) {
        must(lies_within(found->bytes, file));
        if (found->kind == IconPicture::Kind::bitmap) {
          // What the decoder reads by it.
          const IconBitmapLayout layout = layout_of(*found);
          must(layout.rows + layout.row_bytes * header->height <= found->bytes.size());
        }
      }
    }
    if (header->format == ImageFormat::webp && is_webp_animation(file)) {
      const auto frame = first_webp_frame(file);
      if (const auto* found = std::get_if<WebpFrame>(&frame)) {
        must(lies_within(found->chunks, file));
        must(std::uint64_t{found->left} + found->header.width <= header->width);
        must(std::uint64_t{found->top} + found->header.height <= header->height);
      }
    }
  }
  const auto boxes = read_media_boxes(file);
  if (const auto* found = std::get_if<std::vector<MediaBox>>(&boxes))
    for (const MediaBox& box : *found) must(lies_within(box.contents, file));
  walk_directories(file);
  return 0;
}
