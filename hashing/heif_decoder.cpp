// SPDX-License-Identifier: Apache-2.0
// The primary picture of a HEIF or AVIF file through libheif.
#include <algorithm>
#include <bit>
#include <cstring>
#include <memory>

#include <opencv2/core.hpp>

#include "hashing/alpha.h"
#include "hashing/format_decoders.h"
#include "hashing/heif_file.h"
#include "hashing/memory_probe.h"

namespace imgdedup::hashing {
namespace {

using matching::Refusal;

struct OptionsRelease {
  void operator()(heif_decoding_options* options) const { heif_decoding_options_free(options); }
};

/// How libheif is to lay out the samples of a picture.
struct SampleLayout {
  heif_chroma chroma = heif_chroma_interleaved_RGB;
  int type = CV_8UC3;
};

SampleLayout layout_for(const heif_image_handle* handle) {
  const bool has_alpha = heif_image_handle_has_alpha_channel(handle) != 0;
  constexpr bool little = std::endian::native == std::endian::little;
  if (heif_image_handle_get_luma_bits_per_pixel(handle) <= 8)
    return has_alpha ? SampleLayout{heif_chroma_interleaved_RGBA, CV_8UC4} : SampleLayout{};
  if (has_alpha)
    return {little ? heif_chroma_interleaved_RRGGBBAA_LE : heif_chroma_interleaved_RRGGBBAA_BE,
            CV_16UC4};
  return {little ? heif_chroma_interleaved_RRGGBB_LE : heif_chroma_interleaved_RRGGBB_BE, CV_16UC3};
}

/// What libheif and its codecs need at most, the result included: planes of the codec, of libheif
/// and of three colours. Where they do not get it, libheif says that a feature is unsupported.
std::uint64_t memory_for(const ImageHeader& header, int type) {
  const std::uint64_t pixels =
      std::max(header.coded_pixels, std::uint64_t{header.width} * header.height);
  return pixels * 4 * CV_ELEM_SIZE(type);
}

/// The samples, blue first.
cv::Mat copied(const std::uint8_t* samples, int stride, cv::Size size, int type) {
  const cv::Mat rgb(size, type, const_cast<std::uint8_t*>(samples),
                    static_cast<std::size_t>(stride));
  cv::Mat bgr(size, type);
  constexpr int pairs[] = {0, 2, 1, 1, 2, 0, 3, 3};
  cv::mixChannels(&rgb, 1, &bgr, 1, pairs, static_cast<std::size_t>(rgb.channels()));
  return bgr;
}

template <typename Sample>
void divide_by_alpha(cv::Mat& bgra, std::uint32_t full) {
  for (int y = 0; y < bgra.rows; ++y) {
    auto* pixel = bgra.ptr<Sample>(y);
    for (int x = 0; x < bgra.cols; ++x, pixel += 4)
      for (int channel = 0; channel < 3 && pixel[3] != 0; ++channel)
        pixel[channel] =
            static_cast<Sample>(std::min(full, (pixel[channel] * full + pixel[3] / 2U) / pixel[3]));
  }
}

}  // namespace

Outcome<cv::Mat> decode_heif(Bytes file, const ImageHeader& header) {
  auto opened = open_heif(file);
  if (auto* refusal = std::get_if<Refusal>(&opened)) return std::move(*refusal);
  const heif_image_handle* handle = std::get<HeifFile>(opened).primary.get();
  const std::unique_ptr<heif_decoding_options, OptionsRelease> options(
      heif_decoding_options_alloc());
  if (!options) throw std::bad_alloc();
  options->strict_decoding = 1;
  const SampleLayout layout = layout_for(handle);
  require_memory(memory_for(header, layout.type));
  heif_image* decoded = nullptr;
  const heif_error error =
      heif_decode_image(handle, &decoded, heif_colorspace_RGB, layout.chroma, options.get());
  const HeifImage image(decoded);
  if (error.code != heif_error_Ok) return refusal_of(error);

  int stride = 0;
  const std::uint8_t* samples =
      heif_image_get_plane_readonly(image.get(), heif_channel_interleaved, &stride);
  const cv::Size size(heif_image_get_primary_width(image.get()),
                      heif_image_get_primary_height(image.get()));
  if (samples == nullptr || size.width != static_cast<int>(header.width) ||
      size.height != static_cast<int>(header.height))
    return damaged("HEIF whose picture has not the size that its header says");
  cv::Mat picture = copied(samples, stride, size, layout.type);
  const int full = picture.depth() == CV_8U ? 255 : static_cast<int>(header.max_sample);
  if (picture.channels() != 4) return picture;
  if (heif_image_handle_is_premultiplied_alpha(handle) != 0) {
    if (picture.depth() == CV_8U)
      divide_by_alpha<std::uint8_t>(picture, static_cast<std::uint32_t>(full));
    else
      divide_by_alpha<std::uint16_t>(picture, static_cast<std::uint32_t>(full));
  }
  return without_full_alpha(picture, full);
}

}  // namespace imgdedup::hashing
