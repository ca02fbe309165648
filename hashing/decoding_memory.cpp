// SPDX-License-Identifier: Apache-2.0
// How much memory a picture takes while it is decoded, said before it is.
#include "hashing/decoding_memory.h"

#include <algorithm>
#include <string>

#include "hashing/bands.h"
#include "hashing/format_headers.h"

namespace imgdedup::hashing {
namespace {

using matching::ImageFormat;

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20;
/// Rows, tables, the reduced pictures and what is measured of them.
constexpr std::uint64_t always = 8 * mebibyte;
/// Two bands of 4 million pixels, as stored and as decoded.
constexpr std::uint64_t in_bands = 24 * mebibyte;

/// By OpenCV or libtiff as a whole: the samples, and the strip or tile that they are made from.
constexpr std::uint64_t bmp_bytes_a_pixel = 4, pnm_bytes_a_pixel = 7, tiff_bytes_a_pixel = 12;

}  // namespace

std::uint64_t decoding_bytes(Bytes file, const ImageHeader& header) {
  const std::uint64_t pixels =
      std::max(std::uint64_t{header.width} * header.height, header.coded_pixels);
  const std::uint64_t in_library = header.decoder_bytes_a_pixel * pixels + header.decoder_bytes;
  switch (header.format) {
    case ImageFormat::bmp:
    case ImageFormat::pnm:
    case ImageFormat::tiff:
      break;
    case ImageFormat::raw:
      // libraw's copy of the preview, and ours.
      return always + in_library + 2 * file.size();
    default:
      return always + in_library;
  }
  if (bands_of(file, header)) return always + in_bands;
  if (header.format == ImageFormat::pnm && is_pfm(file)) return always;
  return always + pixels * (header.format == ImageFormat::bmp   ? bmp_bytes_a_pixel
                            : header.format == ImageFormat::pnm ? pnm_bytes_a_pixel
                                                                : tiff_bytes_a_pixel);
}

Outcome<ImageHeader> read_permitted_header(Bytes file, const DecodeLimits& limits) {
  auto read = read_header(file, limits);
  const auto* header = std::get_if<ImageHeader>(&read);
  if (header == nullptr || !limits.permits_memory) return read;
  const std::uint64_t needed = decoding_bytes(file, *header);
  if (limits.permits_memory(needed)) return read;
  return over_limit("decoding takes " + std::to_string(needed / mebibyte) +
                    " MiB, more than there is for it");
}

}  // namespace imgdedup::hashing
