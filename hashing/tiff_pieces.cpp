// SPDX-License-Identifier: Apache-2.0
// Whether the strips and tiles that a TIFF directory names are in the file.
#include "hashing/tiff_pieces.h"

namespace imgdedup::hashing {
namespace {

enum Tag : std::uint16_t {
  strip_offsets = 273,
  strip_byte_counts = 279,
  tile_offsets = 324,
  tile_byte_counts = 325,
};

constexpr std::size_t max_pieces = std::size_t{1} << 22;

}  // namespace

std::optional<matching::Refusal> refuse_missing_pieces(const TiffDirectory& directory,
                                                       std::uint64_t file_bytes) {
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
    if ((*offsets)[i] > file_bytes || bytes > file_bytes - (*offsets)[i])
      return incomplete("TIFF that ends before its last strip");
  }
  return std::nullopt;
}

}  // namespace imgdedup::hashing
