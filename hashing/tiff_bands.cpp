// SPDX-License-Identifier: Apache-2.0
// A large TIFF cut into small ones by its strips and tiles.
#include <algorithm>
#include <array>
#include <map>

#include "hashing/bands.h"
#include "hashing/tiff_directory.h"

namespace imgdedup::hashing {
namespace {

enum Tag : std::uint16_t {
  image_width = 256,
  image_length = 257,
  bits_per_sample = 258,
  compression = 259,
  photometric = 262,
  fill_order = 266,
  strip_offsets = 273,
  samples_per_pixel = 277,
  rows_per_strip = 278,
  strip_byte_counts = 279,
  planar_configuration = 284,
  t4_options = 292,
  t6_options = 293,
  predictor = 317,
  colour_map = 320,
  tile_width = 322,
  tile_length = 323,
  tile_offsets = 324,
  tile_byte_counts = 325,
  ink_set = 332,
  extra_samples = 338,
  sample_format = 339,
  jpeg_tables = 347,
  ycbcr_subsampling = 530,
};

enum Compression : std::uint32_t {
  none = 1,
  ccitt_rle = 2,
  ccitt_t4 = 3,
  ccitt_t6 = 4,
  lzw = 5,
  jpeg = 7,
  adobe_deflate = 8,
  packbits = 32773,
  deflate = 32946,
  lzma = 34925,
  zstd = 50000,
};

constexpr std::size_t max_pieces = std::size_t{1} << 22;

bool is_cut(std::uint32_t scheme) {
  constexpr std::array known{none,          ccitt_rle, ccitt_t4, ccitt_t6, lzw, jpeg,
                             adobe_deflate, packbits,  deflate,  lzma,     zstd};
  return std::find(known.begin(), known.end(), scheme) != known.end();
}

/// Writes a TIFF with one directory, in the byte order of another file.
class TiffWriter {
 public:
  explicit TiffWriter(ByteOrder order) : order_(order) {
    out_ = order == ByteOrder::little_endian ? std::vector<std::uint8_t>{'I', 'I', '*', 0}
                                             : std::vector<std::uint8_t>{'M', 'M', 0, '*'};
    number(0, 4);
  }

  /// Where they lie now.
  std::uint32_t append(Bytes bytes) {
    const auto offset = static_cast<std::uint32_t>(out_.size());
    out_.insert(out_.end(), bytes.begin(), bytes.end());
    return offset;
  }

  void set(std::uint16_t tag, std::vector<std::uint64_t> values) {
    entries_[tag] = {long_type, static_cast<std::uint32_t>(values.size()), 0};
    if (values.size() == 1) {
      entries_[tag].value = static_cast<std::uint32_t>(values[0]);
      return;
    }
    entries_[tag].value = static_cast<std::uint32_t>(out_.size());
    for (const std::uint64_t value : values) number(value, 4);
  }
  void set_bytes(std::uint16_t tag, Bytes bytes) {
    entries_[tag] = {undefined_type, static_cast<std::uint32_t>(bytes.size()), append(bytes)};
  }

  std::vector<std::uint8_t> finish() {
    const auto directory = static_cast<std::uint32_t>(out_.size());
    number(entries_.size(), 2);
    for (const auto& [tag, entry] : entries_) {
      number(tag, 2);
      number(entry.type, 2);
      number(entry.count, 4);
      number(entry.value, 4);
    }
    number(0, 4);
    for (std::size_t i = 0; i < 4; ++i) out_[4 + i] = byte_of(directory, i, 4);
    return std::move(out_);
  }

 private:
  static constexpr std::uint32_t long_type = 4, undefined_type = 7;
  struct Entry {
    std::uint32_t type = 0, count = 0, value = 0;
  };

  [[nodiscard]] std::uint8_t byte_of(std::uint64_t value, std::size_t i, std::size_t bytes) const {
    const std::size_t shift = order_ == ByteOrder::little_endian ? i : bytes - 1 - i;
    return static_cast<std::uint8_t>(value >> 8 * shift);
  }
  void number(std::uint64_t value, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; ++i) out_.push_back(byte_of(value, i, bytes));
  }

  ByteOrder order_;
  std::vector<std::uint8_t> out_;
  std::map<std::uint16_t, Entry> entries_;
};

/// The strips or rows of tiles of a TIFF, of each plane one after the other.
struct Pieces {
  std::vector<std::uint64_t> offsets, bytes;
  std::uint32_t rows = 0;  ///< of the picture, that a piece covers
  std::uint64_t across = 1, planes = 1;
  std::uint64_t down = 0;
  bool is_tiled = false;
  bool are_small = false;  ///< all of them together, and each
};

std::optional<Pieces> pieces_of(Bytes file, const TiffDirectory& directory,
                                const ImageHeader& header) {
  Pieces pieces;
  pieces.is_tiled = directory.has(tile_offsets);
  auto offsets = directory.values(pieces.is_tiled ? tile_offsets : strip_offsets, max_pieces);
  auto bytes = directory.values(pieces.is_tiled ? tile_byte_counts : strip_byte_counts, max_pieces);
  if (!offsets || !bytes) return std::nullopt;
  if (pieces.is_tiled) {
    const std::uint32_t width = directory.value(tile_width).value_or(0);
    pieces.rows = directory.value(tile_length).value_or(0);
    if (width == 0) return std::nullopt;
    pieces.across = (std::uint64_t{header.width} + width - 1) / width;
  } else {
    pieces.rows = std::min(header.height, directory.value(rows_per_strip).value_or(header.height));
  }
  if (pieces.rows == 0) return std::nullopt;
  pieces.down = (std::uint64_t{header.height} + pieces.rows - 1) / pieces.rows;
  if (directory.value(planar_configuration).value_or(1) == 2)
    pieces.planes = directory.value(samples_per_pixel).value_or(1);
  const std::uint64_t expected = pieces.across * pieces.down * pieces.planes;
  if (offsets->size() != expected || bytes->size() != expected) return std::nullopt;
  // Pieces that share bytes, or are very long, would make a band larger than its file.
  constexpr std::uint64_t longest_piece = std::uint64_t{64} << 20;
  std::uint64_t all_bytes = 0;
  for (const std::uint64_t count : *bytes) all_bytes += count;
  pieces.are_small =
      all_bytes <= file.size() && *std::max_element(bytes->begin(), bytes->end()) <= longest_piece;
  pieces.offsets = *std::move(offsets);
  pieces.bytes = *std::move(bytes);
  return pieces;
}

/// All that says how the samples of a piece are stored.
void copy_description(const TiffDirectory& directory, TiffWriter& out) {
  for (const std::uint16_t tag :
       {image_width, bits_per_sample, compression, photometric, fill_order, samples_per_pixel,
        planar_configuration, t4_options, t6_options, predictor, colour_map, tile_width,
        tile_length, ink_set, extra_samples, sample_format, ycbcr_subsampling}) {
    constexpr std::size_t max_values = 3 << 16;  // three tables of colours of 16 bits
    if (auto values = directory.values(tag, max_values)) out.set(tag, *std::move(values));
  }
  if (const Bytes tables = directory.stored(jpeg_tables); !tables.empty())
    out.set_bytes(jpeg_tables, tables);
}

std::vector<std::uint8_t> band_of_pieces(Bytes file, const TiffDirectory& directory,
                                         const Pieces& pieces, std::uint32_t first_row,
                                         std::uint32_t rows) {
  TiffWriter out(directory.order());
  std::vector<std::uint64_t> offsets, bytes;
  const std::uint64_t first = first_row / pieces.rows;
  const std::uint64_t end = (std::uint64_t{first_row} + rows + pieces.rows - 1) / pieces.rows;
  for (std::uint64_t plane = 0; plane < pieces.planes; ++plane)
    for (std::uint64_t i = first * pieces.across; i < end * pieces.across; ++i) {
      const std::uint64_t at = plane * pieces.across * pieces.down + i;
      offsets.push_back(out.append(file.subspan(pieces.offsets[at], pieces.bytes[at])));
      bytes.push_back(pieces.bytes[at]);
    }
  copy_description(directory, out);
  out.set(image_length, {rows});
  if (!pieces.is_tiled) out.set(rows_per_strip, {std::min(rows, pieces.rows)});
  out.set(pieces.is_tiled ? tile_offsets : strip_offsets, std::move(offsets));
  out.set(pieces.is_tiled ? tile_byte_counts : strip_byte_counts, std::move(bytes));
  return out.finish();
}

/// Of strips whose rows lie side by side uncompressed.
std::vector<std::uint8_t> band_of_rows(Bytes file, const TiffDirectory& directory,
                                       const Pieces& pieces, std::uint64_t row_bytes,
                                       std::uint32_t first_row, std::uint32_t rows) {
  TiffWriter out(directory.order());
  std::uint32_t offset = 0;
  for (std::uint32_t row = first_row; row < first_row + rows; ++row) {
    const std::uint64_t start = pieces.offsets[row / pieces.rows] + row % pieces.rows * row_bytes;
    const std::uint32_t at = out.append(file.subspan(start, row_bytes));
    if (row == first_row) offset = at;
  }
  copy_description(directory, out);
  out.set(image_length, {rows});
  out.set(rows_per_strip, {rows});
  out.set(strip_offsets, {offset});
  out.set(strip_byte_counts, {rows * row_bytes});
  return out.finish();
}

/// Bytes of a row where all strips are whole, uncompressed and chunky; else nothing.
std::optional<std::uint64_t> plain_row_bytes(Bytes file, const TiffDirectory& directory,
                                             const Pieces& pieces, const ImageHeader& header) {
  if (directory.value(compression).value_or(none) != none || pieces.is_tiled || pieces.planes != 1)
    return std::nullopt;
  const std::uint64_t bits = std::uint64_t{directory.value(bits_per_sample).value_or(1)} *
                             directory.value(samples_per_pixel).value_or(1);
  const std::uint64_t row_bytes = (header.width * bits + 7) / 8;
  for (std::size_t i = 0; i < pieces.offsets.size(); ++i) {
    const std::uint64_t rows =
        std::min<std::uint64_t>(pieces.rows, header.height - i * pieces.rows);
    if (pieces.bytes[i] < rows * row_bytes || pieces.offsets[i] > file.size() ||
        rows * row_bytes > file.size() - pieces.offsets[i])
      return std::nullopt;
  }
  return row_bytes;
}

}  // namespace

std::optional<Bands> tiff_bands(Bytes file, const ImageHeader& header) {
  const auto offset = TiffDirectory::first_offset(file);
  const auto directory = offset ? TiffDirectory::at(file, *offset) : std::nullopt;
  if (!directory) return std::nullopt;
  constexpr std::uint32_t ycbcr = 6;
  const std::uint32_t scheme = directory->value(compression).value_or(none);
  if (!is_cut(scheme) || (directory->value(photometric).value_or(0) == ycbcr && scheme != jpeg))
    return std::nullopt;
  constexpr std::size_t longest_tables = 65'536;
  if (directory->stored(jpeg_tables).size() > longest_tables) return std::nullopt;
  const auto pieces = pieces_of(file, *directory, header);
  if (!pieces) return std::nullopt;
  if (const auto row_bytes = plain_row_bytes(file, *directory, *pieces, header))
    return Bands{1, [=](std::uint32_t first_row, std::uint32_t rows) {
                   return band_of_rows(file, *directory, *pieces, *row_bytes, first_row, rows);
                 }};
  if (pieces->rows >= header.height || !pieces->are_small) return std::nullopt;
  return Bands{pieces->rows, [=](std::uint32_t first_row, std::uint32_t rows) {
                 return band_of_pieces(file, *directory, *pieces, first_row, rows);
               }};
}

}  // namespace imgdedup::hashing
