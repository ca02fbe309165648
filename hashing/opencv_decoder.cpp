// SPDX-License-Identifier: Apache-2.0
// PNG, WebP, TIFF, BMP, PNM and JPEG 2000 through OpenCV.
#include "hashing/opencv_decoder.h"

#include <limits>
#include <new>
#include <string>
#include <vector>

#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>

#include "hashing/byte_reader.h"

namespace imgdedup::hashing {
namespace {

using matching::Refusal;
using matching::RefusalReason;

/// OpenCV picks its decoder by signatures of its own. Those of formats that are no part of our
/// allow-list lie at these offsets: a file that carries both would reach a decoder of theirs.
bool carries_second_signature(Bytes file) {
  const ByteReader reader(file, ByteOrder::big_endian);
  return reader.has_text(128, "DICM") || reader.has_text(140, "DTED");
}

/// OpenCV's WebP decoder wants to see this much; the smallest files are shorter.
constexpr std::size_t min_webp_bytes = 32;

std::vector<std::uint8_t> padded(Bytes file, std::size_t size) {
  std::vector<std::uint8_t> copy(file.begin(), file.end());
  copy.resize(size);
  return copy;
}

}  // namespace

std::vector<std::uint8_t> with_normal_orientation(Bytes file, std::size_t value_offset) {
  std::vector<std::uint8_t> copy(file.begin(), file.end());
  if (!ByteReader(file, ByteOrder::big_endian).holds(value_offset, 2)) return copy;
  const bool is_little_endian = copy[0] == 'I';
  copy[value_offset] = is_little_endian ? 1 : 0;
  copy[value_offset + 1] = is_little_endian ? 0 : 1;
  return copy;
}

Outcome<cv::Mat> decode_with_opencv(Bytes file, const ImageHeader& header) {
  const std::string format(matching::name_of(header.format));
  if (carries_second_signature(file)) return unsupported(format + " that is another format too");
  if (file.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
    return over_limit(format + " of more than 2 GiB");
  std::vector<std::uint8_t> copy;
  if (header.orientation_value_offset != 0) {
    // OpenCV turns TIFF pictures by their tag whatever it is asked; here that is done once, by us.
    copy = with_normal_orientation(file, header.orientation_value_offset);
    file = copy;
  } else if (header.format == matching::ImageFormat::webp && file.size() < min_webp_bytes) {
    copy = padded(file, min_webp_bytes);
    file = copy;
  }
  try {
    const cv::Mat bytes(1, static_cast<int>(file.size()), CV_8UC1,
                        const_cast<std::uint8_t*>(file.data()));
    cv::Mat picture = cv::imdecode(bytes, cv::IMREAD_UNCHANGED);
    if (picture.empty()) return damaged(format + " that its decoder cannot read");
    if (picture.cols != static_cast<int>(header.width) ||
        picture.rows != static_cast<int>(header.height))
      return damaged(format + " whose picture has not the size that its header says");
    if ((picture.depth() != CV_8U && picture.depth() != CV_16U) || picture.channels() == 2 ||
        picture.channels() > 4)
      return unsupported(format + " with samples of a kind that is not read");
    return picture;
  } catch (const cv::Exception& error) {
    if (error.code == cv::Error::StsNoMem)
      return Refusal{RefusalReason::out_of_memory, format + ": " + error.err};
    return damaged(format + ": " + error.err);
  } catch (const std::bad_alloc&) {
    return Refusal{RefusalReason::out_of_memory, format + " needs more memory than there is"};
  }
}

}  // namespace imgdedup::hashing
