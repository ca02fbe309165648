// SPDX-License-Identifier: Apache-2.0
// A large file cut into small ones of the same kind, each a band of its rows.
#include "hashing/bands.h"

#include <algorithm>
#include <string>

#include <opencv2/core.hpp>

#include "hashing/byte_reader.h"
#include "hashing/format_headers.h"
#include "hashing/opencv_decoder.h"

namespace imgdedup::hashing {
namespace {

void append(std::vector<std::uint8_t>& out, Bytes bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

}  // namespace

std::optional<Bands> bmp_bands(Bytes file, const ImageHeader& header) {
  // A gap before the rows would be copied for every band.
  constexpr std::uint64_t longest_start = 4096;
  const auto layout = bmp_layout_of(file, header);
  if (!layout || layout->rows > longest_start) return std::nullopt;
  const auto file_of = [=](std::uint32_t first_row, std::uint32_t rows) {
    std::vector<std::uint8_t> out(file.begin(),
                                  file.begin() + static_cast<std::ptrdiff_t>(layout->rows));
    const std::uint32_t height = layout->lowest_first ? rows : ~rows + 1;
    for (std::size_t i = 0; i < layout->height_bytes; ++i)
      out[layout->height + i] = static_cast<std::uint8_t>(height >> 8 * i);
    const std::uint32_t first_stored =
        layout->lowest_first ? header.height - first_row - rows : first_row;
    append(out,
           file.subspan(layout->rows + first_stored * layout->row_bytes, rows * layout->row_bytes));
    return out;
  };
  return Bands{1, file_of};
}

std::optional<Bands> pnm_bands(Bytes file, const ImageHeader& header) {
  const auto layout = pnm_layout_of(file, header);
  if (!layout) return std::nullopt;
  const auto file_of = [=](std::uint32_t first_row, std::uint32_t rows) {
    std::string start{'P', static_cast<char>(file[1]), '\n'};
    start += std::to_string(header.width) + " " + std::to_string(rows) + "\n";
    if (layout->max_sample) start += std::to_string(*layout->max_sample) + "\n";
    std::vector<std::uint8_t> out(start.begin(), start.end());
    append(out,
           file.subspan(layout->rows + first_row * layout->row_bytes, rows * layout->row_bytes));
    return out;
  };
  return Bands{1, file_of};
}

std::optional<Bands> bands_of(Bytes file, const ImageHeader& header) {
  using matching::ImageFormat;
  // Ordinary pictures are not worth it.
  constexpr std::uint64_t most_whole_pixels = std::uint64_t{1} << 24;
  if (std::uint64_t{header.width} * header.height <= most_whole_pixels) return std::nullopt;
  if (header.format == ImageFormat::bmp) return bmp_bands(file, header);
  if (header.format == ImageFormat::pnm) return pnm_bands(file, header);
  if (header.format == ImageFormat::tiff && header.tiff_decoder == TiffDecoder::opencv)
    return tiff_bands(file, header);
  return std::nullopt;
}

std::optional<matching::Refusal> give_in_bands(const Bands& bands, const ImageHeader& header,
                                               std::uint64_t band_pixels, RowSink& sink) {
  const std::uint64_t steps =
      std::max<std::uint64_t>(1, band_pixels / header.width / bands.step_rows);
  const auto band_rows =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(header.height, steps * bands.step_rows));
  ImageHeader band = header;
  band.orientation_value_offset = 0;
  int type = -1;
  for (std::uint32_t first_row = 0; first_row < header.height; first_row += band_rows) {
    band.height = std::min(band_rows, header.height - first_row);
    const auto decoded = decode_with_opencv(bands.file_of(first_row, band.height), band);
    if (const auto* refusal = std::get_if<matching::Refusal>(&decoded)) return *refusal;
    const auto& picture = std::get<cv::Mat>(decoded);
    if (type == -1) {
      type = picture.type();
      sink.begin({static_cast<int>(header.width), static_cast<int>(header.height)}, type);
    }
    if (picture.type() != type)
      return damaged(std::string(matching::name_of(header.format)) +
                     " of several kinds of samples");
    for (int y = 0; y < picture.rows; ++y)
      sink.add(
          {.y = static_cast<int>(first_row) + y, .count = picture.cols, .samples = picture.ptr(y)});
  }
  return std::nullopt;
}

}  // namespace imgdedup::hashing
