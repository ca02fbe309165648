// SPDX-License-Identifier: Apache-2.0
// What a file's own headers say about its picture, held against the limits.
#include "hashing/image_header.h"

#include <algorithm>
#include <string>

#include "build_formats.h"
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
      return is_pfm(file) ? read_pfm_header(file) : read_pnm_header(file);
    case ImageFormat::jpeg2000:
      return read_jpeg2000_header(file);
    case ImageFormat::gif:
      return read_gif_header(file);
    case ImageFormat::icon:
      return read_icon_header(file);
    case ImageFormat::qoi:
      return read_qoi_header(file);
    case ImageFormat::sun_raster:
      return read_sun_raster_header(file);
    case ImageFormat::heif:
    case ImageFormat::avif:
      if constexpr (reads_heif) return read_heif_header(file);
      break;
    case ImageFormat::jpegxl:
      if constexpr (reads_jpegxl) return read_jpegxl_header(file);
      break;
    case ImageFormat::raw:
      if constexpr (reads_raw) return read_raw_header(file);
      break;
  }
  return damaged("no parser");
}

}  // namespace

Outcome<ImageHeader> read_header(Bytes file, const DecodeLimits& limits) {
  const auto recognised = recognise_format(file);
  if (const auto* refusal = std::get_if<matching::Refusal>(&recognised)) return *refusal;
  ImageFormat format = std::get<ImageFormat>(recognised);
  // What most cameras write is TIFF by its first bytes.
  if (format == ImageFormat::tiff && is_camera_raw_in_tiff(file)) {
    if (!reads_raw) return unread_in_this_build("camera raw");
    format = ImageFormat::raw;
  }
  auto parsed = parse(format, file);
  auto* header = std::get_if<ImageHeader>(&parsed);
  if (header == nullptr) return parsed;
  header->format = format;

  const std::string size = std::to_string(header->width) + "x" + std::to_string(header->height);
  if (header->width == 0 || header->height == 0) return damaged("the header says " + size);
  const std::uint64_t pixels =
      std::max(std::uint64_t{header->width} * header->height, header->coded_pixels);
  if (header->width > max_side_pixels || header->height > max_side_pixels)
    return over_limit(size + ": a side is longer than " + std::to_string(max_side_pixels));
  if (pixels > limits.max_pixels)
    return over_limit(size + ": more than " + std::to_string(limits.max_pixels) + " pixels");
  if (header->jpeg_scans > max_jpeg_scans || header->jpeg_scans * pixels > max_jpeg_scan_pixels)
    return over_limit(size + " in " + std::to_string(header->jpeg_scans) + " scans: too much work");
  return parsed;
}

}  // namespace imgdedup::hashing
