// SPDX-License-Identifier: Apache-2.0
// Files of the formats that have a library of their own, written by it.
#include <algorithm>
#include <cmath>
#include <memory>
#include <stdexcept>

#include <opencv2/core.hpp>

#include "support/encoded_formats.h"

#if IMGDEDUP_TESTS_GIF
#include <gif_lib.h>
#endif
#if IMGDEDUP_TESTS_HEIF
#include <libheif/heif.h>
#endif
#if IMGDEDUP_TESTS_JXL
#include <jxl/encode.h>
#endif

#if defined(__SANITIZE_ADDRESS__)
/// x265, which writes the HEIC files of the tests, keeps some memory for ever.
extern "C" const char* __lsan_default_suppressions() { return "leak:libx265\n"; }
#endif

namespace imgdedup::testing {
namespace {

[[maybe_unused]] void require(bool done, const char* what) {
  if (!done) throw std::runtime_error(std::string("encode a picture: ") + what);
}

}  // namespace

#if IMGDEDUP_TESTS_GIF
namespace {

constexpr int reds = 6, greens = 7, blues = 6;

std::uint8_t level(int step, int steps) {
  return static_cast<std::uint8_t>(step * 255 / (steps - 1));
}
std::uint8_t nearest_colour(const cv::Vec3b& pixel) {
  const auto step = [](int sample, int steps) { return (sample * (steps - 1) + 127) / 255; };
  return static_cast<std::uint8_t>(
      (step(pixel[2], reds) * greens + step(pixel[1], greens)) * blues + step(pixel[0], blues));
}

void put_frame(GifFileType* gif, const cv::Mat& frame, GifRows rows, cv::Point offset) {
  const bool interlaced = rows == GifRows::interlaced;
  require(EGifPutImageDesc(gif, offset.x, offset.y, frame.cols, frame.rows, interlaced, nullptr) ==
              GIF_OK,
          "GIF frame");
  std::vector<int> order;
  if (interlaced)
    for (const auto& [first, step] : {std::pair(0, 8), {4, 8}, {2, 4}, {1, 2}})
      for (int y = first; y < frame.rows; y += step) order.push_back(y);
  else
    for (int y = 0; y < frame.rows; ++y) order.push_back(y);
  std::vector<GifPixelType> line(static_cast<std::size_t>(frame.cols));
  for (const int y : order) {
    const auto* row = frame.ptr<cv::Vec3b>(y);
    std::transform(row, row + frame.cols, line.begin(), nearest_colour);
    require(EGifPutLine(gif, line.data(), frame.cols) == GIF_OK, "GIF row");
  }
}

}  // namespace

std::optional<std::string> encode_gif(const std::vector<cv::Mat>& frames, GifRows rows,
                                      cv::Point offset) {
  std::vector<GifColorType> colours(256);
  for (int i = 0; i < reds * greens * blues; ++i)
    colours[static_cast<std::size_t>(i)] = {level(i / blues / greens, reds),
                                            level(i / blues % greens, greens),
                                            level(i % blues, blues)};
  const std::unique_ptr<ColorMapObject, void (*)(ColorMapObject*)> map(
      GifMakeMapObject(256, colours.data()), GifFreeMapObject);
  std::string file;
  GifFileType* gif = EGifOpen(
      &file,
      [](GifFileType* self, const GifByteType* bytes, int count) {
        static_cast<std::string*>(self->UserData)
            ->append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(count));
        return count;
      },
      nullptr);
  require(gif != nullptr, "GIF");
  require(EGifPutScreenDesc(gif, frames.at(0).cols + offset.x, frames.at(0).rows + offset.y, 8, 0,
                            map.get()) == GIF_OK,
          "GIF screen");
  for (const cv::Mat& frame : frames) put_frame(gif, frame, rows, offset);
  require(EGifCloseFile(gif, nullptr) == GIF_OK, "GIF end");
  return file;
}
#else
std::optional<std::string> encode_gif(const std::vector<cv::Mat>&, GifRows, cv::Point) {
  return std::nullopt;
}
#endif

#if IMGDEDUP_TESTS_HEIF
namespace {

void require(const heif_error& error) {
  if (error.code != heif_error_Ok) throw std::runtime_error(error.message);
}

std::unique_ptr<heif_image, void (*)(const heif_image*)> heif_image_of(const cv::Mat& picture) {
  const bool wide = picture.depth() == CV_16U, alpha = picture.channels() == 4;
  heif_image* made = nullptr;
  require(heif_image_create(picture.cols, picture.rows, heif_colorspace_RGB,
                            wide    ? heif_chroma_interleaved_RRGGBB_LE
                            : alpha ? heif_chroma_interleaved_RGBA
                                    : heif_chroma_interleaved_RGB,
                            &made));
  std::unique_ptr<heif_image, void (*)(const heif_image*)> image(made, heif_image_release);
  require(heif_image_add_plane(made, heif_channel_interleaved, picture.cols, picture.rows,
                               wide ? 10 : 8));
  int stride = 0;
  std::uint8_t* samples = heif_image_get_plane(made, heif_channel_interleaved, &stride);
  cv::Mat rgb(picture.size(), picture.type(), samples, static_cast<std::size_t>(stride));
  constexpr int pairs[] = {0, 2, 1, 1, 2, 0, 3, 3};
  cv::mixChannels(&picture, 1, &rgb, 1, pairs, static_cast<std::size_t>(picture.channels()));
  return image;
}

std::string exif_block(int orientation) {
  using namespace std::string_literals;
  std::string exif = "MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0"s;
  exif += static_cast<char>(orientation);
  return exif + "\0\0\0\0\0\0"s;
}

}  // namespace

std::optional<std::string> encode_heif(const std::vector<cv::Mat>& pictures, HeifCodec codec,
                                       int orientation) {
  const std::unique_ptr<heif_context, void (*)(heif_context*)> context(heif_context_alloc(),
                                                                       heif_context_free);
  heif_encoder* found = nullptr;
  const auto format = codec == HeifCodec::hevc ? heif_compression_HEVC : heif_compression_AV1;
  if (heif_context_get_encoder_for_format(context.get(), format, &found).code != heif_error_Ok)
    return std::nullopt;
  const std::unique_ptr<heif_encoder, void (*)(heif_encoder*)> encoder(found, heif_encoder_release);
  require(heif_encoder_set_lossy_quality(found, 90));
  const std::unique_ptr<heif_encoding_options, void (*)(heif_encoding_options*)> options(
      heif_encoding_options_alloc(), heif_encoding_options_free);
  options->image_orientation = static_cast<heif_orientation>(orientation);
  for (const cv::Mat& picture : pictures) {
    heif_image_handle* handle = nullptr;
    require(heif_context_encode_image(context.get(), heif_image_of(picture).get(), found,
                                      options.get(), &handle));
    const std::unique_ptr<heif_image_handle, void (*)(const heif_image_handle*)> owner(
        handle, heif_image_handle_release);
    const std::string exif = exif_block(orientation);
    if (orientation != 1)
      require(heif_context_add_exif_metadata(context.get(), handle, exif.data(),
                                             static_cast<int>(exif.size())));
  }
  std::string file;
  heif_writer writer{1, [](heif_context*, const void* bytes, std::size_t count, void* out) {
                       static_cast<std::string*>(out)->append(static_cast<const char*>(bytes),
                                                              count);
                       return heif_error{heif_error_Ok, heif_suberror_Unspecified, ""};
                     }};
  require(heif_context_write(context.get(), &writer, &file));
  return file;
}
#else
std::optional<std::string> encode_heif(const std::vector<cv::Mat>&, HeifCodec, int) {
  return std::nullopt;
}
#endif

#if IMGDEDUP_TESTS_JXL
std::optional<std::string> encode_jpegxl(const std::vector<cv::Mat>& frames, float distance) {
  const std::unique_ptr<JxlEncoder, void (*)(JxlEncoder*)> encoder(JxlEncoderCreate(nullptr),
                                                                   JxlEncoderDestroy);
  const cv::Mat& first = frames.at(0);
  const bool alpha = first.channels() == 4;
  JxlBasicInfo info;
  JxlEncoderInitBasicInfo(&info);
  info.xsize = static_cast<std::uint32_t>(first.cols);
  info.ysize = static_cast<std::uint32_t>(first.rows);
  info.bits_per_sample = first.depth() == CV_16U ? 16 : 8;
  info.num_color_channels = 3;
  info.num_extra_channels = alpha ? 1 : 0;
  info.alpha_bits = alpha ? info.bits_per_sample : 0;
  info.uses_original_profile = distance == 0.0F;
  info.have_animation = frames.size() > 1;
  info.animation.tps_numerator = 10;
  info.animation.tps_denominator = 1;
  require(JxlEncoderSetBasicInfo(encoder.get(), &info) == JXL_ENC_SUCCESS, "JPEG XL size");
  JxlColorEncoding srgb{};
  JxlColorEncodingSetToSRGB(&srgb, JXL_FALSE);
  require(JxlEncoderSetColorEncoding(encoder.get(), &srgb) == JXL_ENC_SUCCESS, "JPEG XL colours");
  const JxlPixelFormat format{static_cast<std::uint32_t>(first.channels()),
                              first.depth() == CV_16U ? JXL_TYPE_UINT16 : JXL_TYPE_UINT8,
                              JXL_NATIVE_ENDIAN, 0};
  for (const cv::Mat& frame : frames) {
    JxlEncoderFrameSettings* settings = JxlEncoderFrameSettingsCreate(encoder.get(), nullptr);
    JxlEncoderSetFrameLossless(settings, distance == 0.0F);
    JxlEncoderSetFrameDistance(settings, distance);
    JxlEncoderFrameSettingsSetOption(settings, JXL_ENC_FRAME_SETTING_EFFORT, 1);
    JxlFrameHeader frame_header;
    JxlEncoderInitFrameHeader(&frame_header);
    frame_header.duration = 1;
    if (frames.size() > 1) JxlEncoderSetFrameHeader(settings, &frame_header);
    cv::Mat rgb(frame.size(), frame.type());
    constexpr int pairs[] = {0, 2, 1, 1, 2, 0, 3, 3};
    cv::mixChannels(&frame, 1, &rgb, 1, pairs, static_cast<std::size_t>(frame.channels()));
    require(JxlEncoderAddImageFrame(settings, &format, rgb.data, rgb.total() * rgb.elemSize()) ==
                JXL_ENC_SUCCESS,
            "JPEG XL frame");
  }
  JxlEncoderCloseInput(encoder.get());
  std::string file(std::size_t{1} << 22, '\0');
  auto* next = reinterpret_cast<std::uint8_t*>(file.data());
  std::size_t left = file.size();
  require(JxlEncoderProcessOutput(encoder.get(), &next, &left) == JXL_ENC_SUCCESS, "JPEG XL data");
  file.resize(file.size() - left);
  return file;
}
#else
std::optional<std::string> encode_jpegxl(const std::vector<cv::Mat>&, float) {
  return std::nullopt;
}
#endif

}  // namespace imgdedup::testing
