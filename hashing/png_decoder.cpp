// SPDX-License-Identifier: Apache-2.0
// PNG through libpng, row by row.
#include <png.h>

#include <bit>
#include <csetjmp>
#include <cstring>
#include <vector>

#include <opencv2/core.hpp>

#include "hashing/format_decoders.h"

namespace imgdedup::hashing {
namespace {

matching::Refusal unreadable() { return damaged("png that its decoder cannot read"); }

/// One PNG that libpng reads from memory. libpng leaves its functions by longjmp on an error: each
/// step below calls it with nothing on the stack that would need a destructor, and returns false
/// then.
class PngFile {
 public:
  explicit PngFile(Bytes file) : left_(file) {
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, nullptr, on_error, on_warning);
    if (png_ == nullptr) return;
    info_ = png_create_info_struct(png_);
    end_info_ = png_create_info_struct(png_);
  }
  ~PngFile() { png_destroy_read_struct(&png_, &info_, &end_info_); }
  PngFile(const PngFile&) = delete;
  PngFile& operator=(const PngFile&) = delete;

  /// Up to the first row. Channels, bits and the order of colours are OpenCV's for
  /// IMREAD_UNCHANGED, which this decoder stands in for.
  bool start() {
    if (png_ == nullptr || info_ == nullptr || end_info_ == nullptr) return false;
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_set_read_fn(png_, this, read);
    png_read_info(png_, info_);
    int bits = 0, colour = 0, interlace = 0;
    png_get_IHDR(png_, info_, &width_, &height_, &bits, &colour, &interlace, nullptr, nullptr);
    is_interlaced_ = interlace == PNG_INTERLACE_ADAM7;
    const bool has_colour = (colour & PNG_COLOR_MASK_COLOR) != 0;
    int transparent_colours = 0;
    if (has_colour && (colour & PNG_COLOR_MASK_ALPHA) == 0)
      png_get_tRNS(png_, info_, nullptr, &transparent_colours, nullptr);
    const bool has_alpha = (colour & PNG_COLOR_MASK_ALPHA) != 0 || transparent_colours > 0;
    const int channels = has_alpha ? 4 : has_colour ? 3 : 1;
    type_ = CV_MAKETYPE(bits == 16 ? CV_16U : CV_8U, channels);
    if constexpr (std::endian::native == std::endian::little) png_set_swap(png_);
    if (has_alpha)
      png_set_tRNS_to_alpha(png_);
    else
      png_set_strip_alpha(png_);
    if (colour == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png_);
    if (!has_colour && bits < 8) png_set_expand_gray_1_2_4_to_8(png_);
    if (has_colour)
      png_set_bgr(png_);
    else if (has_alpha)
      png_set_gray_to_rgb(png_);
    png_read_update_info(png_, info_);
    row_bytes_ = png_get_rowbytes(png_, info_);
    return true;
  }

  /// The next row as it is stored: of an interlaced file that of a pass.
  bool read_row(std::uint8_t* row) {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_read_row(png_, row, nullptr);
    return true;
  }

  /// What follows the rows: checksums, and chunks that may be broken.
  bool finish() {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_read_end(png_, end_info_);
    return true;
  }

  [[nodiscard]] std::uint32_t width() const { return width_; }
  [[nodiscard]] std::uint32_t height() const { return height_; }
  [[nodiscard]] int type() const { return type_; }
  [[nodiscard]] std::size_t row_bytes() const { return row_bytes_; }
  [[nodiscard]] bool is_interlaced() const { return is_interlaced_; }

 private:
  static void read(png_structp png, png_bytep out, std::size_t wanted) {
    Bytes& left = static_cast<PngFile*>(png_get_io_ptr(png))->left_;
    if (wanted > left.size()) png_error(png, "the file ends");
    std::memcpy(out, left.data(), wanted);
    left = left.subspan(wanted);
  }
  [[noreturn]] static void on_error(png_structp png, png_const_charp) { png_longjmp(png, 1); }
  static void on_warning(png_structp, png_const_charp) {}

  Bytes left_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr, end_info_ = nullptr;
  std::uint32_t width_ = 0, height_ = 0;
  int type_ = 0;
  std::size_t row_bytes_ = 0;
  bool is_interlaced_ = false;
};

/// Where the pixels of a pass lie.
struct Pass {
  int first_x = 0, first_y = 0, step_x = 1, step_y = 1;
};

Pass pass_of_adam7(int pass) {
  return {.first_x = PNG_PASS_START_COL(pass),
          .first_y = PNG_PASS_START_ROW(pass),
          .step_x = PNG_PASS_COL_OFFSET(pass),
          .step_y = PNG_PASS_ROW_OFFSET(pass)};
}

bool give_pass(PngFile& png, const Pass& pass, std::uint8_t* row, RowSink& sink) {
  const int width = static_cast<int>(png.width()), height = static_cast<int>(png.height());
  if (pass.first_x >= width) return true;
  const int count = (width - pass.first_x + pass.step_x - 1) / pass.step_x;
  for (int y = pass.first_y; y < height; y += pass.step_y) {
    if (!png.read_row(row)) return false;
    sink.add({y, pass.first_x, pass.step_x, count, row});
  }
  return true;
}

}  // namespace

std::optional<matching::Refusal> give_png(Bytes file, const ImageHeader& header, RowSink& sink) {
  PngFile png(file);
  if (!png.start()) return unreadable();
  if (png.width() != header.width || png.height() != header.height)
    return damaged("png whose picture has not the size that its header says");
  const std::size_t expected = std::size_t{png.width()} * CV_ELEM_SIZE(png.type());
  if (png.row_bytes() != expected) return unreadable();
  sink.begin({static_cast<int>(png.width()), static_cast<int>(png.height())}, png.type());
  std::vector<std::uint8_t> row(expected);
  if (!png.is_interlaced()) {
    if (!give_pass(png, {}, row.data(), sink)) return unreadable();
  } else {
    for (int pass = 0; pass < PNG_INTERLACE_ADAM7_PASSES; ++pass)
      if (!give_pass(png, pass_of_adam7(pass), row.data(), sink)) return unreadable();
  }
  if (!png.finish()) return unreadable();
  return std::nullopt;
}

}  // namespace imgdedup::hashing
