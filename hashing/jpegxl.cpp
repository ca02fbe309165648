// SPDX-License-Identifier: Apache-2.0
// JPEG XL through libjxl: header and decoder.
#include <jxl/decode.h>

#include <memory>
#include <new>
#include <string>

#include <opencv2/core.hpp>

#include "hashing/alpha.h"
#include "hashing/format_decoders.h"
#include "hashing/format_headers.h"
#include "hashing/media_boxes.h"
#include "hashing/memory_probe.h"

namespace imgdedup::hashing {
namespace {

using matching::Refusal;

struct DecoderRelease {
  void operator()(JxlDecoder* decoder) const { JxlDecoderDestroy(decoder); }
};

Refusal failed() { return damaged("JPEG XL: libjxl found an error"); }
Refusal ended() { return incomplete("JPEG XL that ends before its picture does"); }

/// A decoder that has all of `file` and will say `events`. No thread is started.
class Decoder {
 public:
  Decoder(Bytes file, int events) : decoder_(JxlDecoderCreate(nullptr)) {
    if (!decoder_) throw std::bad_alloc();
    if (JxlDecoderSubscribeEvents(get(), events) != JXL_DEC_SUCCESS ||
        JxlDecoderSetInput(get(), file.data(), file.size()) != JXL_DEC_SUCCESS)
      throw std::bad_alloc();
  }
  [[nodiscard]] JxlDecoder* get() const { return decoder_.get(); }
  [[nodiscard]] JxlDecoderStatus next() const { return JxlDecoderProcessInput(get()); }
  [[nodiscard]] JxlBasicInfo info() const {
    JxlBasicInfo info{};
    JxlDecoderGetBasicInfo(get(), &info);
    return info;
  }

 private:
  std::unique_ptr<JxlDecoder, DecoderRelease> decoder_;
};

bool has_black_ink(const JxlDecoder* decoder, std::uint32_t extra_channels) {
  for (std::uint32_t i = 0; i < extra_channels; ++i) {
    JxlExtraChannelInfo info{};
    if (JxlDecoderGetExtraChannelInfo(decoder, i, &info) == JXL_DEC_SUCCESS &&
        info.type == JXL_CHANNEL_BLACK)
      return true;
  }
  return false;
}

/// Whether an animation has more than one frame.
Outcome<PictureCount> count_frames(const Decoder& decoder) {
  for (int frames = 0;;) {
    switch (decoder.next()) {
      case JXL_DEC_FRAME:
        if (++frames > 1) return PictureCount::several;
        break;
      case JXL_DEC_SUCCESS:
        return PictureCount::one;
      case JXL_DEC_NEED_MORE_INPUT:
        return ended();
      default:
        return failed();
    }
  }
}

JxlPixelFormat pixel_format_of(const JxlBasicInfo& info) {
  const bool has_wide_samples = info.bits_per_sample > 8 || info.exponent_bits_per_sample > 0;
  const std::uint32_t channels = info.alpha_bits > 0 ? 4 : info.num_color_channels == 1 ? 1 : 3;
  return {channels, has_wide_samples ? JXL_TYPE_UINT16 : JXL_TYPE_UINT8, JXL_NATIVE_ENDIAN, 0};
}

/// Asks for sRGB where the file stores colours as seen, not samples of a profile.
void prefer_srgb(JxlDecoder* decoder, const JxlBasicInfo& info) {
  if (info.uses_original_profile) return;
  JxlColorEncoding srgb{};
  srgb.color_space = info.num_color_channels == 1 ? JXL_COLOR_SPACE_GRAY : JXL_COLOR_SPACE_RGB;
  srgb.white_point = JXL_WHITE_POINT_D65;
  srgb.primaries = JXL_PRIMARIES_SRGB;
  srgb.transfer_function = JXL_TRANSFER_FUNCTION_SRGB;
  srgb.rendering_intent = JXL_RENDERING_INTENT_RELATIVE;
  JxlDecoderSetPreferredColorProfile(decoder, &srgb);
}

/// What libjxl 0.7 needs; where it does not get it, it may crash. Measured were 9 bytes a pixel for
/// colours as seen, 14.5 for samples of a profile, the result included.
std::uint32_t bytes_a_pixel_for(const JxlBasicInfo& info) {
  return (info.uses_original_profile ? 16U : 10U) + 4 * info.num_extra_channels;
}

void put_blue_first(cv::Mat& picture) {
  if (picture.channels() == 1) return;
  const cv::Mat rgb = picture;
  constexpr int pairs[] = {0, 2, 1, 1, 2, 0, 3, 3};
  cv::Mat bgr(rgb.size(), rgb.type());
  cv::mixChannels(&rgb, 1, &bgr, 1, pairs, static_cast<std::size_t>(rgb.channels()));
  picture = bgr;
}

}  // namespace

Outcome<ImageHeader> read_jpegxl_header(Bytes file) {
  const bool is_container = file[0] == 0;
  if (is_container) {
    const auto boxes = read_media_boxes(file);
    if (const auto* refusal = std::get_if<Refusal>(&boxes)) return *refusal;
  }
  const Decoder decoder(file, JXL_DEC_BASIC_INFO | JXL_DEC_FRAME);
  switch (decoder.next()) {
    case JXL_DEC_BASIC_INFO:
      break;
    case JXL_DEC_NEED_MORE_INPUT:
      return ended();
    default:
      return failed();
  }
  const JxlBasicInfo info = decoder.info();
  if (has_black_ink(decoder.get(), info.num_extra_channels))
    return unsupported("JPEG XL with black ink (CMYK) is not read");
  ImageHeader header;
  header.width = info.xsize;
  header.height = info.ysize;
  header.decoder_bytes_a_pixel = bytes_a_pixel_for(info);
  if (info.have_animation) {
    auto frames = count_frames(decoder);
    if (auto* refusal = std::get_if<Refusal>(&frames)) return std::move(*refusal);
    header.pictures = std::get<PictureCount>(frames);
  }
  return header;
}

Outcome<cv::Mat> decode_jpegxl(Bytes file, const ImageHeader& header) {
  const Decoder decoder(file, JXL_DEC_BASIC_INFO | JXL_DEC_COLOR_ENCODING | JXL_DEC_FULL_IMAGE);
  JxlDecoderSetUnpremultiplyAlpha(decoder.get(), JXL_TRUE);
  JxlBasicInfo info{};
  JxlPixelFormat format{};
  cv::Mat picture;
  for (;;) {
    switch (decoder.next()) {
      case JXL_DEC_BASIC_INFO:
        info = decoder.info();
        format = pixel_format_of(info);
        if (info.xsize != header.width || info.ysize != header.height) return failed();
        require_memory(std::uint64_t{info.xsize} * info.ysize * bytes_a_pixel_for(info));
        break;
      case JXL_DEC_COLOR_ENCODING:
        prefer_srgb(decoder.get(), info);
        break;
      case JXL_DEC_NEED_IMAGE_OUT_BUFFER: {
        const int depth = format.data_type == JXL_TYPE_UINT16 ? CV_16U : CV_8U;
        picture.create(static_cast<int>(info.ysize), static_cast<int>(info.xsize),
                       CV_MAKETYPE(depth, static_cast<int>(format.num_channels)));
        const std::size_t bytes = picture.total() * picture.elemSize();
        if (JxlDecoderSetImageOutBuffer(decoder.get(), &format, picture.data, bytes) !=
            JXL_DEC_SUCCESS)
          return failed();
        break;
      }
      case JXL_DEC_FULL_IMAGE:
        if (picture.empty()) return failed();
        put_blue_first(picture);
        if (picture.channels() != 4) return picture;
        return without_full_alpha(picture, picture.depth() == CV_8U ? 255 : 65'535);
      case JXL_DEC_NEED_MORE_INPUT:
        return ended();
      default:
        return failed();
    }
  }
}

}  // namespace imgdedup::hashing
