// SPDX-License-Identifier: Apache-2.0
// How a stored picture is to be turned to be shown.
#include "hashing/orientation.h"

#include <string_view>

#include <opencv2/core.hpp>

#include "hashing/tiff_directory.h"

namespace imgdedup::hashing {
namespace {

constexpr std::uint16_t orientation_tag = 274;

}  // namespace

std::optional<Orientation> orientation_of_exif(Bytes exif) {
  using namespace std::string_view_literals;
  if (ByteReader(exif, ByteOrder::big_endian).has_text(0, "Exif\0\0"sv)) exif = exif.subspan(6);
  const auto offset = TiffDirectory::first_offset(exif);
  if (!offset) return std::nullopt;
  const auto directory = TiffDirectory::at(exif, *offset);
  if (!directory) return std::nullopt;
  const auto value = directory->value(orientation_tag);
  if (!value) return std::nullopt;
  return orientation_from_tag(*value);
}

cv::Mat apply_orientation(const cv::Mat& stored, Orientation orientation) {
  constexpr int around_x = 0, around_y = 1, around_both = -1;
  if (orientation == Orientation::normal) return stored;
  cv::Mat shown;
  if (swaps_sides(orientation)) {
    cv::transpose(stored, shown);
  } else {
    shown = stored;
  }
  cv::Mat result;
  switch (orientation) {
    case Orientation::mirrored:
    case Orientation::turned_right:
      cv::flip(shown, result, around_y);
      return result;
    case Orientation::turned_half:
    case Orientation::transversed:
      cv::flip(shown, result, around_both);
      return result;
    case Orientation::flipped:
    case Orientation::turned_left:
      cv::flip(shown, result, around_x);
      return result;
    default:
      return shown;
  }
}

}  // namespace imgdedup::hashing
