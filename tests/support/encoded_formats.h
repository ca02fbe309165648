// SPDX-License-Identifier: Apache-2.0
// Files of the formats that OpenCV does not write, made with their own libraries or by hand.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <opencv2/core/mat.hpp>

namespace imgdedup::testing {

// Pictures are CV_8UC3 (BGR) or, where it is said, CV_8UC4 (BGRA). All throw std::runtime_error if
// encoding fails. Functions for a format that this build leaves out return nothing.

enum class GifRows : std::uint8_t { in_order, interlaced };

/// A GIF of one frame a picture, 6x7x6 colours; the first frame lies at `offset` on a canvas that
/// is larger by that.
std::optional<std::string> encode_gif(const std::vector<cv::Mat>& frames,
                                      GifRows rows = GifRows::in_order, cv::Point offset = {});

enum class HeifCodec : std::uint8_t { hevc, av1 };

/// HEIF or AVIF. `orientation` (1..8 as in EXIF) is written twice: as the container's rotation and
/// mirroring, which counts, and into an EXIF block, which says it once more. CV_8UC3, CV_8UC4, or
/// CV_16UC3 of 10 bits. Several pictures: the first is the primary one. Nothing also where libheif
/// has no encoder.
std::optional<std::string> encode_heif(const std::vector<cv::Mat>& pictures, HeifCodec codec,
                                       int orientation = 1);

/// JPEG XL; BGR or BGRA; lossless at distance 0. Several pictures: an animation.
std::optional<std::string> encode_jpegxl(const std::vector<cv::Mat>& frames, float distance = 0);

/// A picture inside an icon: a PNG file, or a bitmap of 24 or 32 bits without a file header.
std::string png_in_icon(const cv::Mat& picture);
std::string bitmap_in_icon(const cv::Mat& picture);
enum class IconKind : std::uint8_t { icon = 1, cursor = 2 };
std::string encode_icon(const std::vector<std::string>& pictures, IconKind kind = IconKind::icon);

/// An animated WebP: the frames lie at `offset` on a canvas of `canvas`.
std::string encode_webp_animation(const std::vector<cv::Mat>& frames, cv::Size canvas,
                                  cv::Point offset = {});
enum class PngRows : std::uint8_t { in_order, interlaced };
enum class PngPalette : std::uint8_t { none, random };
enum class PngTransparency : std::uint8_t { none, one_colour };
struct PngKind {
  int channels = 3;  ///< 1 grey, 2 with alpha, 3 colour, 4 with alpha; 1 with a palette
  int bits = 8;      ///< a sample
  PngRows rows = PngRows::in_order;
  PngPalette palette = PngPalette::none;
  PngTransparency transparency = PngTransparency::none;
};
/// A PNG of that kind, of random samples.
std::string encode_png(cv::Size size, const PngKind& kind, std::uint64_t seed = 1);
/// The same, all samples 0; takes no memory for them.
std::string encode_flat_png(cv::Size size, const PngKind& kind);

/// An animated PNG whose first frame is the still picture too.
std::string encode_apng(const std::vector<cv::Mat>& frames);

/// A DNG (little-endian TIFF) with one strip of 16-bit samples and `preview`, a JPEG file, in front
/// of them. `orientation`: 1..8 as in TIFF.
std::string encode_dng(std::string_view preview, int orientation);

/// "The Quite OK Image Format", written with its plainest chunks; BGR.
std::string encode_qoi(const cv::Mat& picture);
/// A Sun raster file of 24 bits; BGR.
std::string encode_sun_raster(const cv::Mat& picture);

/// PFM, little-endian, of a CV_8UC1 picture: 255 becomes `white`.
std::string encode_pfm(const cv::Mat& grey, float white);

/// BigTIFF of 8 bits, TIFF of 4 bits of the green channel, TIFF of 16 bits CMYK without black ink;
/// BGR. Uncompressed.
enum class TiffKind : std::uint8_t { big, four_bits, inks };
std::string encode_tiff_kind(const cv::Mat& picture, TiffKind kind);

/// Numbers are those of TIFF's tags.
struct TiffFileKind {
  int channels = 3;
  int bits = 8;         ///< a sample
  int photometric = 2;  ///< 0 white is zero, 1 black is zero, 2 RGB, 3 palette, 5 inks, 6 YCbCr
  int compression = 1;
  int strip_rows = 3;
  int tile_side = 0;  ///< a multiple of 16; 0: strips
  bool has_planes = false;
  bool is_big_endian = false;
};
/// A TIFF of that kind, of random samples. Throws where libtiff does not write it.
std::string encode_tiff_file(cv::Size size, const TiffFileKind& kind, std::uint64_t seed = 1);

/// A JPEG of 12 bits a sample; BGR.
std::optional<std::string> encode_jpeg12(const cv::Mat& picture);

}  // namespace imgdedup::testing
