// SPDX-License-Identifier: Apache-2.0
// The largest picture of a Windows icon or cursor.
#include <algorithm>
#include <vector>

#include <opencv2/core.hpp>

#include "hashing/byte_reader.h"
#include "hashing/format_decoders.h"
#include "hashing/icon_directory.h"

namespace imgdedup::hashing {
namespace {

/// Samples of 5 bits as 8.
std::uint8_t widened(std::uint32_t five_bits) {
  const std::uint32_t value = five_bits & 31;
  return static_cast<std::uint8_t>(value << 3 | value >> 2);
}

/// One bitmap, whose header was held against the length of the file.
class Bitmap {
 public:
  explicit Bitmap(const IconPicture& picture)
      : bytes_(picture.bytes), bits_(picture.bits), layout_(layout_of(picture)) {}

  /// Alpha is what the file has in its place; 0 in most files of less than 32 bits.
  [[nodiscard]] cv::Vec4b pixel(std::uint64_t row, std::uint64_t x) const {
    const std::uint64_t start = layout_.rows + row * layout_.row_bytes;
    if (bits_ <= 8) {
      const std::uint64_t bit = x * bits_;
      const std::uint32_t byte = bytes_[start + bit / 8];
      return colour(byte >> (8 - bits_ - bit % 8) & ((1U << bits_) - 1));
    }
    const std::uint8_t* at = &bytes_[start + x * (bits_ / 8)];
    if (bits_ == 16) {
      const std::uint32_t both = at[0] | std::uint32_t{at[1]} << 8;
      return {widened(both), widened(both >> 5), widened(both >> 10), 0};
    }
    return {at[0], at[1], at[2], bits_ == 32 ? at[3] : std::uint8_t{0}};
  }

  [[nodiscard]] bool is_masked(std::uint64_t row, std::uint64_t x) const {
    const std::uint64_t at = layout_.mask + row * layout_.mask_row_bytes + x / 8;
    return at < bytes_.size() && (bytes_[at] >> (7 - x % 8) & 1) != 0;
  }

 private:
  [[nodiscard]] cv::Vec4b colour(std::uint64_t index) const {
    const std::uint64_t at = layout_.palette + index * 4;
    if (index >= layout_.colours) return {0, 0, 0, 0};
    return {bytes_[at], bytes_[at + 1], bytes_[at + 2], 0};
  }

  Bytes bytes_;
  std::uint32_t bits_;
  IconBitmapLayout layout_;
};

/// The lowest row is stored first; `row` counts as stored.
bool has_alpha(const Bitmap& bitmap, const ImageHeader& header) {
  for (std::uint64_t row = 0; row < header.height; ++row)
    for (std::uint64_t x = 0; x < header.width; ++x)
      if (bitmap.pixel(row, x)[3] != 0) return true;
  return false;
}

void give_bitmap(const IconPicture& picture, RowSink& sink) {
  const Bitmap bitmap(picture);
  const cv::Size size(static_cast<int>(picture.header.width),
                      static_cast<int>(picture.header.height));
  const bool is_transparent_by_alpha = has_alpha(bitmap, picture.header);
  sink.begin(size, CV_8UC4);
  std::vector<cv::Vec4b> row(picture.header.width);
  for (int y = 0; y < size.height; ++y) {
    const auto stored = static_cast<std::uint64_t>(size.height - 1 - y);
    for (std::uint64_t x = 0; x < row.size(); ++x) {
      row[x] = bitmap.pixel(stored, x);
      if (!is_transparent_by_alpha) row[x][3] = bitmap.is_masked(stored, x) ? 0 : 255;
    }
    sink.add({.y = y, .count = size.width, .samples = row.data()->val});
  }
}

}  // namespace

std::optional<matching::Refusal> give_icon(Bytes file, const ImageHeader&, RowSink& sink) {
  const auto found = largest_icon_picture(file);
  if (const auto* refusal = std::get_if<matching::Refusal>(&found)) return *refusal;
  const auto& picture = std::get<IconPicture>(found);
  if (picture.kind == IconPicture::Kind::png) return give_png(picture.bytes, picture.header, sink);
  give_bitmap(picture, sink);
  return std::nullopt;
}

}  // namespace imgdedup::hashing
