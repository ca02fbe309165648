// SPDX-License-Identifier: Apache-2.0
// A large file cut into small ones of the same kind, each a band of its rows.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "hashing/image_header.h"
#include "hashing/outcome.h"
#include "hashing/row_sink.h"

namespace imgdedup::hashing {

/// How a file can be cut. OpenCV decodes whole pictures only; of formats that store rows or strips
/// side by side, a file can be made for a part of them, whose samples are those of that part.
struct Bands {
  /// Bands begin at multiples of this many rows, counted from the top; >= 1.
  std::uint32_t step_rows = 1;
  /// A file of `rows` rows from `first_row` on; of less at the end of the picture. Its orientation
  /// is normal.
  std::function<std::vector<std::uint8_t>(std::uint32_t first_row, std::uint32_t rows)> file_of;
};

// Of all: `header` is read_header()'s word on `file`, which must outlive the result. Nothing where
// that file cannot be cut into bands smaller than it. Any thread.

/// All but run-length coded ones.
std::optional<Bands> bmp_bands(Bytes file, const ImageHeader& header);
/// All but those whose samples are text.
std::optional<Bands> pnm_bands(Bytes file, const ImageHeader& header);
/// By strips and tiles, and by rows where nothing is compressed. Not: old-style JPEG, and YCbCr
/// that is not JPEG.
std::optional<Bands> tiff_bands(Bytes file, const ImageHeader& header);

/// How a picture is to be decoded: nothing where it is small, or of another format.
std::optional<Bands> bands_of(Bytes file, const ImageHeader& header);

/// Gives `sink` all rows, as stored, decoded band after band of about `band_pixels` pixels.
/// Refusals are decode_with_opencv's.
std::optional<matching::Refusal> give_in_bands(const Bands& bands, const ImageHeader& header,
                                               std::uint64_t band_pixels, RowSink& sink);

}  // namespace imgdedup::hashing
