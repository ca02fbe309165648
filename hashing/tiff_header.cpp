// SPDX-License-Identifier: Apache-2.0
// The directories of a TIFF file.
#include <algorithm>
#include <limits>
#include <string>

#include "hashing/format_headers.h"
#include "hashing/tiff_directory.h"

namespace imgdedup::hashing {
namespace {

enum Tag : std::uint16_t {
  new_subfile_type = 254,
  image_width = 256,
  image_length = 257,
  bits_per_sample = 258,
  photometric = 262,
  strip_offsets = 273,
  orientation_tag = 274,
  samples_per_pixel = 277,
  strip_byte_counts = 279,
  tile_offsets = 324,
  tile_byte_counts = 325,
  sub_directories = 330,
  sample_format = 339,
  dng_version = 50706,
};

constexpr std::size_t max_pieces = std::size_t{1} << 22;

bool is_reduced_copy(const TiffDirectory& directory) {
  return (directory.value(new_subfile_type).value_or(0) & 1) != 0;
}

std::optional<matching::Refusal> refuse_kind(const TiffDirectory& directory) {
  constexpr std::uint32_t colour_filter_array = 32803, linear_raw = 34892;
  if (directory.has(dng_version)) return unsupported("DNG is not a format that is read");
  const std::uint32_t kind = directory.value(photometric).value_or(0);
  if (kind == colour_filter_array || kind == linear_raw ||
      (is_reduced_copy(directory) && directory.has(sub_directories)))
    return unsupported("camera raw in TIFF is not read");
  const std::uint32_t bits = directory.value(bits_per_sample).value_or(1);
  if (directory.value(sample_format).value_or(1) != 1 ||
      (bits != 1 && bits != 8 && bits != 10 && bits != 12 && bits != 14 && bits != 16))
    return unsupported("TIFF with " + std::to_string(bits) +
                       " bits a sample, or other than unsigned whole ones, is not read");
  const std::uint32_t samples = directory.value(samples_per_pixel).value_or(1);
  if (samples > 5)
    return unsupported("TIFF with " + std::to_string(samples) + " samples a pixel is not read");
  return std::nullopt;
}

/// Whether every strip or tile lies in the file.
std::optional<matching::Refusal> refuse_layout(const TiffDirectory& directory, std::size_t size) {
  const bool tiled = directory.has(tile_offsets);
  const std::uint16_t offsets_tag = tiled ? tile_offsets : strip_offsets;
  const std::uint16_t counts_tag = tiled ? tile_byte_counts : strip_byte_counts;
  // Old-style JPEG in TIFF may lack both; the decoder judges it.
  if (!directory.has(offsets_tag)) return std::nullopt;
  const auto offsets = directory.values(offsets_tag, max_pieces);
  if (!offsets) return incomplete("TIFF that ends before its list of strips");
  const auto counts = directory.values(counts_tag, max_pieces);
  if (directory.has(counts_tag) && !counts)
    return incomplete("TIFF that ends before its list of strips");
  for (std::size_t i = 0; i < offsets->size(); ++i) {
    const std::uint64_t bytes = counts && i < counts->size() ? (*counts)[i] : 1;
    if (std::uint64_t{(*offsets)[i]} + bytes > size)
      return incomplete("TIFF that ends before its last strip");
  }
  return std::nullopt;
}

PictureCount count_pictures(Bytes file, std::uint32_t next_offset) {
  // Few files have more than a thumbnail; a chain that is longer or runs in circles is cut.
  for (int i = 0; i < 16 && next_offset != 0; ++i) {
    const auto directory = TiffDirectory::at(file, next_offset);
    if (!directory) break;
    if (!is_reduced_copy(*directory)) return PictureCount::several;
    next_offset = directory->next_offset();
  }
  return PictureCount::one;
}

}  // namespace

Outcome<ImageHeader> read_tiff_header(Bytes file) {
  const auto offset = TiffDirectory::first_offset(file);
  const auto directory = offset ? TiffDirectory::at(file, *offset) : std::nullopt;
  if (!directory) return incomplete("TIFF that ends before its directory");
  if (auto refusal = refuse_kind(*directory)) return std::move(*refusal);

  if (!directory->is_whole()) return incomplete("TIFF that ends before the values of its tags");
  ImageHeader header;
  const auto width = directory->value(image_width);
  const auto height = directory->value(image_length);
  if (!width || !height) return damaged("TIFF without a size");
  header.width = *width;
  header.height = *height;
  if (auto refusal = refuse_layout(*directory, file.size())) return std::move(*refusal);
  header.orientation = orientation_from_tag(directory->value(orientation_tag).value_or(1));
  if (header.orientation != Orientation::normal)
    header.orientation_value_offset = directory->value_offset(orientation_tag).value_or(0);
  header.pictures = count_pictures(file, directory->next_offset());
  return header;
}

}  // namespace imgdedup::hashing
