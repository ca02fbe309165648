// SPDX-License-Identifier: Apache-2.0
// What a file's own headers say about its picture, held against the limits.
#include "hashing/image_header.h"

#include <string>

#include "hashing/format_headers.h"
#include "hashing/image_format.h"

namespace imgdedup::hashing {
namespace {

using matching::ImageFormat;

Outcome<ImageHeader> parse(ImageFormat format, Bytes file) {
  switch (format) {
    case ImageFormat::jpeg:
      return read_jpeg_header(file);
    case ImageFormat::png:
      return read_png_header(file);
    case ImageFormat::webp:
      return read_webp_header(file);
    case ImageFormat::tiff:
      return read_tiff_header(file);
    case ImageFormat::bmp:
      return read_bmp_header(file);
    case ImageFormat::pnm:
      return read_pnm_header(file);
    case ImageFormat::jpeg2000:
      return read_jpeg2000_header(file);
  }
  return damaged("no parser");
}

}  // namespace

Outcome<ImageHeader> read_header(Bytes file, const DecodeLimits& limits) {
  const auto format = recognise_format(file);
  if (const auto* refusal = std::get_if<matching::Refusal>(&format)) return *refusal;
  auto parsed = parse(std::get<ImageFormat>(format), file);
  auto* header = std::get_if<ImageHeader>(&parsed);
  if (header == nullptr) return parsed;
  header->format = std::get<ImageFormat>(format);

  const std::string size = std::to_string(header->width) + "x" + std::to_string(header->height);
  if (header->width == 0 || header->height == 0) return damaged("the header says " + size);
  const std::uint64_t pixels = std::uint64_t{header->width} * header->height;
  if (header->width > max_side_pixels || header->height > max_side_pixels)
    return over_limit(size + ": a side is longer than " + std::to_string(max_side_pixels));
  if (pixels > limits.max_pixels)
    return over_limit(size + ": more than " + std::to_string(limits.max_pixels) + " pixels");
  if (header->jpeg_scans > max_jpeg_scans || header->jpeg_scans * pixels > max_jpeg_scan_pixels)
    return over_limit(size + " in " + std::to_string(header->jpeg_scans) + " scans: too much work");
  return parsed;
}

}  // namespace imgdedup::hashing
