// SPDX-License-Identifier: Apache-2.0
// PNG files of every kind, written by libpng.
#include <png.h>

#include <stdexcept>
#include <vector>

#include <opencv2/core.hpp>

#include "support/encoded_formats.h"

namespace imgdedup::testing {
namespace {

int colour_of(const PngKind& kind) {
  if (kind.palette == PngPalette::random) return PNG_COLOR_TYPE_PALETTE;
  switch (kind.channels) {
    case 1:
      return PNG_COLOR_TYPE_GRAY;
    case 2:
      return PNG_COLOR_TYPE_GRAY_ALPHA;
    case 3:
      return PNG_COLOR_TYPE_RGB;
    default:
      return PNG_COLOR_TYPE_RGB_ALPHA;
  }
}

void append(png_structp png, png_bytep bytes, std::size_t size) {
  static_cast<std::string*>(png_get_io_ptr(png))->append(reinterpret_cast<char*>(bytes), size);
}

[[noreturn]] void on_error(png_structp, png_const_charp message) {
  throw std::runtime_error(message);
}

void describe(png_structp png, png_infop info, cv::Size size, const PngKind& kind,
              cv::RNG& random) {
  png_set_IHDR(png, info, static_cast<png_uint_32>(size.width),
               static_cast<png_uint_32>(size.height), kind.bits, colour_of(kind),
               kind.rows == PngRows::interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  if (kind.palette == PngPalette::random) {
    std::vector<png_color> colours(std::size_t{1} << kind.bits);
    for (png_color& colour : colours) {
      colour.red = static_cast<png_byte>(random.uniform(0, 256));
      colour.green = static_cast<png_byte>(random.uniform(0, 256));
      colour.blue = static_cast<png_byte>(random.uniform(0, 256));
    }
    png_set_PLTE(png, info, colours.data(), static_cast<int>(colours.size()));
  }
  if (kind.transparency == PngTransparency::one_colour) {
    // Of a palette the first entries, else the one colour.
    png_byte alphas[] = {0, 100};
    png_color_16 colour{.index = 0, .red = 1, .green = 1, .blue = 1, .gray = 1};
    png_set_tRNS(png, info, alphas, 2, &colour);
  }
}

}  // namespace

std::string encode_png(cv::Size size, const PngKind& kind, std::uint64_t seed) {
  cv::RNG random(seed);
  std::string file;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, on_error, nullptr);
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(png, &file, append, nullptr);
  describe(png, info, size, kind, random);
  png_write_info(png, info);
  const std::size_t row_bytes = png_get_rowbytes(png, info);
  cv::Mat samples(size.height, static_cast<int>(row_bytes), CV_8UC1);
  random.fill(samples, cv::RNG::UNIFORM, 0, 256);
  std::vector<png_bytep> rows;
  for (int y = 0; y < samples.rows; ++y) rows.push_back(samples.ptr(y));
  png_write_image(png, rows.data());
  png_write_end(png, nullptr);
  png_destroy_write_struct(&png, &info);
  return file;
}

}  // namespace imgdedup::testing
