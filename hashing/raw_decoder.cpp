// SPDX-License-Identifier: Apache-2.0
// The preview of a camera raw file as a picture.
#include <opencv2/core.hpp>

#include "hashing/format_decoders.h"
#include "hashing/raw_preview.h"

namespace imgdedup::hashing {

std::optional<matching::Refusal> give_raw(Bytes file, const ImageHeader& header, JpegColour colour,
                                          JpegScale scale, RowSink& sink) {
  const auto read = read_raw_preview(file);
  if (const auto* refusal = std::get_if<matching::Refusal>(&read)) return *refusal;
  const auto& preview = std::get<RawPreview>(read);
  if (preview.kind == RawPreview::Kind::jpeg)
    return give_jpeg(preview.bytes, colour, scale, header.jpeg_scans, sink);
  const cv::Mat samples(static_cast<int>(header.height), static_cast<int>(header.width),
                        CV_8UC(preview.channels), const_cast<std::uint8_t*>(preview.bytes.data()));
  if (preview.channels == 1) {
    give_rows(samples, sink);
    return std::nullopt;
  }
  cv::Mat bgr(samples.size(), CV_8UC3);
  constexpr int pairs[] = {0, 2, 1, 1, 2, 0};
  cv::mixChannels(&samples, 1, &bgr, 1, pairs, 3);
  give_rows(bgr, sink);
  return std::nullopt;
}

}  // namespace imgdedup::hashing
