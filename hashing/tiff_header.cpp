// SPDX-License-Identifier: Apache-2.0
// The directories of a TIFF file.
#include <algorithm>
#include <limits>
#include <string>

#include "hashing/format_headers.h"
#include "hashing/tiff_directory.h"
#include "hashing/tiff_pieces.h"

namespace imgdedup::hashing {
namespace {

enum Tag : std::uint16_t {
  new_subfile_type = 254,
  image_width = 256,
  image_length = 257,
  bits_per_sample = 258,
  photometric = 262,
  orientation_tag = 274,
  samples_per_pixel = 277,
  sub_directories = 330,
  sample_format = 339,
  dng_version = 50706,
};

bool is_reduced_copy(const TiffDirectory& directory) {
  return (directory.value(new_subfile_type).value_or(0) & 1) != 0;
}

std::optional<matching::Refusal> refuse_kind(const TiffDirectory& directory) {
  const std::uint32_t bits = directory.value(bits_per_sample).value_or(1);
  if (directory.value(sample_format).value_or(1) != 1 ||
      (bits != 1 && bits != 2 && bits != 4 && bits != 8 && bits != 10 && bits != 12 && bits != 14 &&
       bits != 16))
    return unsupported("TIFF with " + std::to_string(bits) +
                       " bits a sample, or other than unsigned whole ones, is not read");
  const std::uint32_t samples = directory.value(samples_per_pixel).value_or(1);
  if (samples > 5)
    return unsupported("TIFF with " + std::to_string(samples) + " samples a pixel is not read");
  return std::nullopt;
}

PictureCount count_pictures(Bytes file, std::uint64_t next_offset) {
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

bool is_camera_raw_in_tiff(Bytes file) {
  constexpr std::uint32_t colour_filter_array = 32803, linear_raw = 34892;
  const auto offset = TiffDirectory::first_offset(file);
  const auto directory = offset ? TiffDirectory::at(file, *offset) : std::nullopt;
  if (!directory) return false;
  if (directory->has(dng_version)) return true;
  const std::uint32_t kind = directory->value(photometric).value_or(0);
  return kind == colour_filter_array || kind == linear_raw ||
         (is_reduced_copy(*directory) && directory->has(sub_directories));
}

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
  if (auto refusal = refuse_missing_pieces(*directory, file.size())) return std::move(*refusal);
  header.orientation = orientation_from_tag(directory->value(orientation_tag).value_or(1));
  if (header.orientation != Orientation::normal)
    header.orientation_value_offset = directory->value_offset(orientation_tag).value_or(0);
  constexpr std::uint32_t inks = 5;
  const std::uint32_t bits = directory->value(bits_per_sample).value_or(1);
  if (bits == 2 || bits == 4 || (bits == 16 && directory->value(photometric).value_or(0) == inks))
    header.tiff_decoder = TiffDecoder::libtiff;
  header.pictures = count_pictures(file, directory->next_offset());
  return header;
}

}  // namespace imgdedup::hashing
