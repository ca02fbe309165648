// SPDX-License-Identifier: Apache-2.0
// TIFF files of many kinds, written by libtiff.
#include <tiffio.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <vector>

#include <opencv2/core.hpp>

#include "support/encoded_formats.h"

namespace imgdedup::testing {
namespace {

struct Memory {
  std::string bytes;
  std::size_t position = 0;
};

Memory& of(thandle_t handle) { return *static_cast<Memory*>(handle); }

tmsize_t read(thandle_t handle, void* out, tmsize_t wanted) {
  Memory& memory = of(handle);
  const std::size_t start = std::min(memory.position, memory.bytes.size());
  const std::size_t count = std::min(static_cast<std::size_t>(wanted), memory.bytes.size() - start);
  std::memcpy(out, memory.bytes.data() + start, count);
  memory.position = start + count;
  return static_cast<tmsize_t>(count);
}

tmsize_t write(thandle_t handle, void* in, tmsize_t count) {
  Memory& memory = of(handle);
  const auto size = static_cast<std::size_t>(count);
  memory.bytes.resize(std::max(memory.bytes.size(), memory.position + size));
  std::memcpy(memory.bytes.data() + memory.position, in, size);
  memory.position += size;
  return count;
}

toff_t seek(thandle_t handle, toff_t offset, int from) {
  Memory& memory = of(handle);
  memory.position = offset + (from == SEEK_CUR   ? memory.position
                              : from == SEEK_END ? memory.bytes.size()
                                                 : 0);
  return memory.position;
}

int close(thandle_t) { return 0; }
toff_t size_of(thandle_t handle) { return of(handle).bytes.size(); }

void describe(TIFF* tiff, cv::Size size, const TiffFileKind& kind) {
  const auto bits = static_cast<std::uint16_t>(kind.bits);
  TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, size.width);
  TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, size.height);
  TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, kind.bits);
  TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, kind.channels);
  TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, kind.photometric);
  TIFFSetField(tiff, TIFFTAG_PLANARCONFIG,
               kind.has_planes ? PLANARCONFIG_SEPARATE : PLANARCONFIG_CONTIG);
  TIFFSetField(tiff, TIFFTAG_COMPRESSION, kind.compression);
  if (kind.compression == COMPRESSION_JPEG && kind.photometric == PHOTOMETRIC_YCBCR)
    TIFFSetField(tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
  if (kind.photometric == PHOTOMETRIC_PALETTE) {
    std::vector<std::uint16_t> colours(std::size_t{3} << bits);
    for (std::size_t i = 0; i < colours.size(); ++i)
      colours[i] = static_cast<std::uint16_t>(i * 40'503);
    const std::size_t count = colours.size() / 3;
    TIFFSetField(tiff, TIFFTAG_COLORMAP, colours.data(), colours.data() + count,
                 colours.data() + 2 * count);
  }
  if (kind.channels == 4 && kind.photometric == PHOTOMETRIC_RGB) {
    const std::uint16_t extra = EXTRASAMPLE_UNASSALPHA;
    TIFFSetField(tiff, TIFFTAG_EXTRASAMPLES, 1, &extra);
  }
  if (kind.tile_side > 0) {
    TIFFSetField(tiff, TIFFTAG_TILEWIDTH, kind.tile_side);
    TIFFSetField(tiff, TIFFTAG_TILELENGTH, kind.tile_side);
  } else {
    TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, kind.strip_rows);
  }
}

/// The last one of a plane may be shorter.
std::uint32_t rows_of_strip(std::uint32_t strip, int height, int strip_rows) {
  const int strips = (height + strip_rows - 1) / strip_rows;
  const int first_row = static_cast<int>(strip) % strips * strip_rows;
  return static_cast<std::uint32_t>(std::min(strip_rows, height - first_row));
}

}  // namespace

std::string encode_tiff_file(cv::Size size, const TiffFileKind& kind, std::uint64_t seed) {
  TIFFSetWarningHandler(nullptr);
  Memory memory;
  const std::unique_ptr<TIFF, void (*)(TIFF*)> tiff(
      TIFFClientOpen("memory", kind.is_big_endian ? "wb" : "wl", &memory, read, write, seek, close,
                     size_of, nullptr, nullptr),
      TIFFClose);
  if (!tiff) throw std::runtime_error("open a TIFF in memory");
  describe(tiff.get(), size, kind);
  cv::RNG random(seed);
  const bool is_tiled = kind.tile_side > 0;
  const tmsize_t bytes = is_tiled ? TIFFTileSize(tiff.get()) : TIFFStripSize(tiff.get());
  const std::uint32_t count =
      is_tiled ? TIFFNumberOfTiles(tiff.get()) : TIFFNumberOfStrips(tiff.get());
  cv::Mat samples(1, static_cast<int>(bytes), CV_8UC1);
  for (std::uint32_t i = 0; i < count; ++i) {
    random.fill(samples, cv::RNG::UNIFORM, 0, 256);
    const tmsize_t used =
        is_tiled ? bytes
                 : TIFFVStripSize(tiff.get(), rows_of_strip(i, size.height, kind.strip_rows));
    const tmsize_t written = is_tiled ? TIFFWriteEncodedTile(tiff.get(), i, samples.data, used)
                                      : TIFFWriteEncodedStrip(tiff.get(), i, samples.data, used);
    if (written < 0) throw std::runtime_error("write a piece of a TIFF");
  }
  TIFFWriteDirectory(tiff.get());
  TIFFFlush(tiff.get());
  return memory.bytes;
}

}  // namespace imgdedup::testing
