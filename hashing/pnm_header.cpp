// SPDX-License-Identifier: Apache-2.0
// The header of a PBM, PGM or PPM file, and whether its samples are all there.
#include <string>

#include "hashing/byte_reader.h"
#include "hashing/format_headers.h"

namespace imgdedup::hashing {
namespace {

bool is_white_space(std::uint8_t c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_digit(std::uint8_t c) { return c >= '0' && c <= '9'; }

/// The parts of a netpbm text: numbers, separated by white space and comments.
class NumberReader {
 public:
  NumberReader(Bytes file, std::size_t position) : file_(file), position_(position) {}

  enum class Found : std::uint8_t { number, end_of_file, something_else };

  Found next(std::uint32_t& number) {
    skip_blanks();
    if (position_ >= file_.size()) return Found::end_of_file;
    if (!is_digit(file_[position_])) return Found::something_else;
    std::uint64_t value = 0;
    for (; position_ < file_.size() && is_digit(file_[position_]); ++position_) {
      value = value * 10 + (file_[position_] - '0');
      if (value > 0xffff'ffff) return Found::something_else;
    }
    number = static_cast<std::uint32_t>(value);
    return Found::number;
  }

  /// One digit, for plain bitmaps, whose samples need no blanks between them.
  Found next_digit() {
    skip_blanks();
    if (position_ >= file_.size()) return Found::end_of_file;
    return is_digit(file_[position_++]) ? Found::number : Found::something_else;
  }

  [[nodiscard]] std::size_t position() const { return position_; }

 private:
  void skip_blanks() {
    for (; position_ < file_.size(); ++position_) {
      if (file_[position_] == '#') {
        while (position_ < file_.size() && file_[position_] != '\n') ++position_;
        if (position_ == file_.size()) return;
      } else if (!is_white_space(file_[position_])) {
        return;
      }
    }
  }

  Bytes file_;
  std::size_t position_;
};

using Found = NumberReader::Found;

std::optional<matching::Refusal> refuse(Found found, const std::string& what) {
  if (found == Found::end_of_file) return incomplete("PNM that ends before its " + what);
  if (found == Found::something_else) return damaged("PNM with a broken " + what);
  return std::nullopt;
}

}  // namespace

Outcome<ImageHeader> read_pnm_header(Bytes file) {
  const int kind = file[1] - '0';
  const bool is_plain = kind <= 3, is_bitmap = kind == 1 || kind == 4;
  const std::uint64_t samples_per_pixel = kind == 3 || kind == 6 ? 3 : 1;
  ImageHeader header;
  NumberReader numbers(file, 2);
  if (auto refusal = refuse(numbers.next(header.width), "width")) return std::move(*refusal);
  if (auto refusal = refuse(numbers.next(header.height), "height")) return std::move(*refusal);
  std::uint32_t max_sample = 1;
  if (!is_bitmap) {
    if (auto refusal = refuse(numbers.next(max_sample), "largest value"))
      return std::move(*refusal);
    if (max_sample == 0 || max_sample > 65'535)
      return damaged("PNM whose largest value is " + std::to_string(max_sample));
  }
  if (max_sample > 255) header.max_sample = max_sample;
  // Beyond the limits the sample count would overflow; they are held against it later.
  if (header.width > max_side_pixels || header.height > max_side_pixels) return header;

  const std::uint64_t samples = std::uint64_t{header.width} * header.height * samples_per_pixel;
  if (!is_plain) {
    const std::uint64_t bytes = is_bitmap ? std::uint64_t{header.width + 7} / 8 * header.height
                                          : samples * (max_sample > 255 ? 2 : 1);
    if (numbers.position() + 1 + bytes > file.size())
      return incomplete("PNM that ends before its last row");
    return header;
  }
  for (std::uint64_t i = 0; i < samples; ++i) {
    std::uint32_t ignored = 0;
    const Found found = is_bitmap ? numbers.next_digit() : numbers.next(ignored);
    if (auto refusal = refuse(found, "last sample")) return std::move(*refusal);
  }
  return header;
}

std::optional<PnmLayout> pnm_layout_of(Bytes file, const ImageHeader& header) {
  const int kind = file[1] - '0';
  if (kind < 4 || kind > 6) return std::nullopt;
  NumberReader numbers(file, 2);
  PnmLayout layout;
  std::uint32_t ignored = 0, max_sample = 0;
  numbers.next(ignored);
  numbers.next(ignored);
  if (kind != 4) {
    numbers.next(max_sample);
    layout.max_sample = max_sample;
  }
  layout.rows = numbers.position() + 1;
  const std::uint64_t samples = std::uint64_t{header.width} * (kind == 6 ? 3 : 1);
  layout.row_bytes = kind == 4 ? (samples + 7) / 8 : samples * (max_sample > 255 ? 2 : 1);
  return layout;
}

}  // namespace imgdedup::hashing
