// SPDX-License-Identifier: Apache-2.0
// PNG files of every kind, written by libpng.
#include <png.h>

#include <stdexcept>
#include <utility>
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

/// A file up to its rows, and what follows them.
class PngWriter {
 public:
  PngWriter(cv::Size size, const PngKind& kind, cv::RNG& random) {
    png_set_write_fn(png_, &file_, append, nullptr);
    describe(png_, info_, size, kind, random);
    png_set_compression_level(png_, 1);
    png_write_info(png_, info_);
  }
  ~PngWriter() { png_destroy_write_struct(&png_, &info_); }
  PngWriter(const PngWriter&) = delete;
  PngWriter& operator=(const PngWriter&) = delete;

  /// Fast.
  void filter_nothing() { png_set_filter(png_, PNG_FILTER_TYPE_BASE, PNG_FILTER_NONE); }
  [[nodiscard]] std::size_t row_bytes() const { return png_get_rowbytes(png_, info_); }
  std::string finish(std::vector<png_bytep> rows) {
    png_write_image(png_, rows.data());
    png_write_end(png_, nullptr);
    return std::move(file_);
  }

 private:
  std::string file_;
  png_structp png_ = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, on_error, nullptr);
  png_infop info_ = png_create_info_struct(png_);
};

}  // namespace

std::string encode_png(cv::Size size, const PngKind& kind, std::uint64_t seed) {
  cv::RNG random(seed);
  PngWriter writer(size, kind, random);
  cv::Mat samples(size.height, static_cast<int>(writer.row_bytes()), CV_8UC1);
  random.fill(samples, cv::RNG::UNIFORM, 0, 256);
  std::vector<png_bytep> rows;
  for (int y = 0; y < samples.rows; ++y) rows.push_back(samples.ptr(y));
  return writer.finish(std::move(rows));
}

std::string encode_flat_png(cv::Size size, const PngKind& kind) {
  cv::RNG random(1);
  PngWriter writer(size, kind, random);
  writer.filter_nothing();
  std::vector<png_byte> row(writer.row_bytes());
  return writer.finish(std::vector<png_bytep>(static_cast<std::size_t>(size.height), row.data()));
}

}  // namespace imgdedup::testing
