// SPDX-License-Identifier: Apache-2.0
// The formats that have a decoder of their own beside OpenCV's.
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "build_formats.h"
#include "bytes_of.h"
#include "support/drawn_pictures.h"
#include "support/encoded_formats.h"

using namespace imgdedup;
using namespace imgdedup::hashing;
using namespace imgdedup::testing;
using matching::ImageFormat;
using matching::RefusalReason;

namespace {

constexpr PictureSize shape{200, 152};

struct Sample {
  ImageFormat format;
  std::string name;
  std::string file;
};

/// One picture in every format that this build reads beside those of OpenCV.
std::vector<Sample> samples_of(const cv::Mat& picture) {
  std::vector<Sample> samples;
  const auto add = [&samples](ImageFormat format, const char* name,
                              std::optional<std::string> file) {
    if (file) samples.push_back({format, name, std::move(*file)});
  };
  cv::Mat bgra;
  cv::cvtColor(picture, bgra, cv::COLOR_BGR2BGRA);
  add(ImageFormat::gif, "GIF", encode_gif({picture}));
  add(ImageFormat::gif, "interlaced GIF", encode_gif({picture}, GifRows::interlaced));
  add(ImageFormat::heif, "HEIC", encode_heif({picture}, HeifCodec::hevc));
  add(ImageFormat::avif, "AVIF", encode_heif({picture}, HeifCodec::av1));
  add(ImageFormat::jpegxl, "JPEG XL", encode_jpegxl({picture}));
  add(ImageFormat::jpegxl, "lossy JPEG XL", encode_jpegxl({picture}, 1));
  add(ImageFormat::jpeg, "JPEG of 12 bits", encode_jpeg12(picture));
  add(ImageFormat::icon, "icon of a PNG", encode_icon({png_in_icon(picture)}));
  add(ImageFormat::icon, "icon of a bitmap", encode_icon({bitmap_in_icon(picture)}));
  add(ImageFormat::icon, "icon of a bitmap with alpha", encode_icon({bitmap_in_icon(bgra)}));
  add(ImageFormat::icon, "cursor", encode_icon({bitmap_in_icon(picture)}, IconKind::cursor));
  add(ImageFormat::webp, "WebP of one frame", encode_webp_animation({picture}, picture.size()));
  add(ImageFormat::qoi, "QOI", encode_qoi(picture));
  add(ImageFormat::sun_raster, "Sun raster", encode_sun_raster(picture));
  return samples;
}

bool is_lossless(const Sample& sample) {
  return sample.format == ImageFormat::icon || sample.format == ImageFormat::qoi ||
         sample.format == ImageFormat::sun_raster || sample.name == "JPEG XL" ||
         sample.format == ImageFormat::webp;
}

int phash_distance(const std::string& left, const std::string& right) {
  return hamming_distance(fingerprint_of(left).hashes.phash, fingerprint_of(right).hashes.phash);
}

/// Whether this build leaves the format of `file` out; says so.
bool is_left_out(const std::string& file) {
  const auto measured = measure_image(bytes_of(file), {});
  const auto* refusal = std::get_if<matching::Refusal>(&measured);
  if (refusal == nullptr || refusal->message.find("left out") == std::string::npos) return false;
  MESSAGE("skipped: " << refusal->message);
  return true;
}

}  // namespace

TEST_CASE("a picture is recognised, measured and found equal in every further format") {
  const cv::Mat picture = draw_picture(1, shape);
  const std::string png = encode_picture(picture, ".png");
  for (const Sample& sample : samples_of(picture)) {
    INFO(sample.name);
    const auto fingerprint = fingerprint_of(sample.file);
    CHECK(fingerprint.format == sample.format);
    CHECK(fingerprint.width_pixels == 200);
    CHECK(fingerprint.height_pixels == 152);
    CHECK(fingerprint.detail > 4);
    CHECK(!refuse_by_signature(bytes_of(sample.file).first(signature_bytes)));
    CHECK(phash_distance(sample.file, png) <= 4);
    const auto comparison = comparison_of(sample.file, png);
    CHECK(comparison.ssim > 0.95);
    CHECK(comparison.colour_difference < 12);
    CHECK(comparison.same_pixels == is_lossless(sample));
  }
}

TEST_CASE("more pixels than the limit allows are refused by every further format's header") {
  const cv::Mat picture = draw_picture(1, shape);
  for (const Sample& sample : samples_of(picture)) {
    INFO(sample.name);
    CHECK(refusal_of(sample.file, {200 * 152 - 1}).reason == RefusalReason::over_limit);
  }
}

TEST_CASE("a file of a further format that ends early is incomplete wherever it was cut") {
  const cv::Mat picture = draw_picture(2, shape);
  for (const Sample& sample : samples_of(picture))
    for (const double share : {0.05, 0.2, 0.5, 0.9, 0.99}) {
      INFO(sample.name << " " << share);
      const auto length = static_cast<std::size_t>(static_cast<double>(sample.file.size()) * share);
      CHECK(refusal_of(sample.file.substr(0, length)).reason == RefusalReason::incomplete);
    }
}

TEST_CASE("bytes after the end of a file of a further format change only its digest") {
  const cv::Mat picture = draw_picture(4, shape);
  for (const Sample& sample : samples_of(picture)) {
    INFO(sample.name);
    const auto plain = fingerprint_of(sample.file);
    const auto longer = fingerprint_of(sample.file + std::string(1000, '\0'));
    CHECK(longer.hashes == plain.hashes);
    CHECK(longer.content_digest != plain.content_digest);
  }
}

TEST_CASE("a format with a library of its own is read, or named as left out of the build") {
  using namespace std::string_literals;
  const auto is_told = [](bool reads, const std::string& head, const std::string& name) {
    const auto refusal = refuse_by_signature(bytes_of(head));
    if (reads) return !refusal;
    return refusal && refusal->reason == RefusalReason::unsupported &&
           refusal->message == name + " is left out of this build";
  };
  CHECK(is_told(reads_gif, "GIF89a\x01\0\x01\0"s, "GIF"));
  CHECK(is_told(reads_heif,
                "\0\0\0\x18"
                "ftypheic\0\0\0\0"s,
                "HEIF"));
  CHECK(is_told(reads_heif,
                "\0\0\0\x1c"
                "ftypavif\0\0\0\0"s,
                "AVIF"));
  CHECK(is_told(reads_heif,
                "\0\0\0\x1c"
                "ftypmif1\0\0\0\0mif1avif"s,
                "AVIF"));
  CHECK(is_told(reads_jpegxl, "\xff\x0a\xfa\x1f"s, "JPEG XL"));
  CHECK(is_told(reads_raw, "FUJIFILMCCD-RAW 0201"s, "camera raw"));
}

TEST_CASE("a PFM shows its largest sample as white, if that is above 1") {
  cv::Mat grey;
  cv::cvtColor(draw_picture(3, shape), grey, cv::COLOR_BGR2GRAY);
  const std::string png = encode_picture(grey, ".png");
  for (const float white : {1.0F, 255.0F}) {
    const std::string file = encode_pfm(grey, white);
    CHECK(fingerprint_of(file).format == ImageFormat::pnm);
    CHECK(phash_distance(file, png) <= 4);
    CHECK(comparison_of(file, png).ssim > 0.95);
    CHECK(!comparison_of(file, png).same_pixels);
    CHECK(refusal_of(file.substr(0, file.size() - 1)).reason == RefusalReason::incomplete);
    CHECK(refusal_of(file.substr(0, 9)).reason == RefusalReason::incomplete);
  }
}

TEST_CASE("BigTIFF, TIFF of 4 bits and CMYK TIFF of 16 bits are read") {
  const cv::Mat coloured = draw_picture(15, shape);
  cv::Mat grey;
  cv::cvtColor(coloured, grey, cv::COLOR_BGR2GRAY);
  cv::cvtColor(grey, grey, cv::COLOR_GRAY2BGR);
  for (const TiffKind kind : {TiffKind::big, TiffKind::four_bits, TiffKind::inks}) {
    INFO(static_cast<int>(kind));
    const cv::Mat& picture = kind == TiffKind::four_bits ? grey : coloured;
    const std::string png = encode_picture(picture, ".png");
    const std::string file = encode_tiff_kind(picture, kind);
    CHECK(fingerprint_of(file).format == ImageFormat::tiff);
    CHECK(phash_distance(file, png) <= 4);
    CHECK(comparison_of(file, png).ssim > 0.9);
    CHECK(comparison_of(file, png).same_pixels == (kind != TiffKind::four_bits));
    for (const double share : {0.1, 0.5, 0.99}) {
      const auto length = static_cast<std::size_t>(static_cast<double>(file.size()) * share);
      CHECK(refusal_of(file.substr(0, length)).reason == RefusalReason::incomplete);
    }
  }
}

TEST_CASE("an animation is measured by its first frame and judged by more than that") {
  const cv::Mat first = draw_picture(5, shape), second = draw_picture(6, shape);
  const std::string still = encode_picture(first, ".png");
  std::vector<std::string> animations{encode_webp_animation({first, second}, first.size()),
                                      encode_apng({first, second})};
  if (auto gif = encode_gif({first, second})) animations.push_back(*gif);
  if (auto jpegxl = encode_jpegxl({first, second})) animations.push_back(*jpegxl);
  if (auto heif = encode_heif({first, second}, HeifCodec::hevc)) animations.push_back(*heif);
  for (const std::string& animation : animations) {
    CHECK(phash_distance(animation, still) <= 4);
    CHECK(fingerprint_of(animation).detail == 0);
    CHECK(!comparison_of(animation, still).same_pixels);
  }
}

TEST_CASE("a frame that leaves a part of its canvas free shows white there") {
  const cv::Mat frame = draw_picture(7, {100, 80});
  cv::Mat shown(90, 120, CV_8UC3, cv::Scalar::all(255));
  frame.copyTo(shown(cv::Rect(20, 10, 100, 80)));
  const std::string png = encode_picture(shown, ".png");
  const std::string webp = encode_webp_animation({frame}, shown.size(), {20, 10});
  CHECK(fingerprint_of(webp).hashes == fingerprint_of(png).hashes);
  if (const auto gif = encode_gif({frame}, GifRows::in_order, {20, 10})) {
    CHECK(fingerprint_of(*gif).width_pixels == 120);
    CHECK(comparison_of(*gif, png).ssim > 0.95);
  }
}

TEST_CASE("the turn of a HEIF is applied once, though its EXIF block says it too") {
  const cv::Mat shown = draw_picture(8, shape);
  const std::string png = encode_picture(shown, ".png");
  for (const HeifCodec codec : {HeifCodec::hevc, HeifCodec::av1})
    for (int orientation = 1; orientation <= 8; ++orientation) {
      const auto file =
          encode_heif({stored_for_orientation(shown, orientation)}, codec, orientation);
      if (!file) {
        MESSAGE("skipped: libheif has no encoder");
        continue;
      }
      INFO(orientation);
      CHECK(fingerprint_of(*file).width_pixels == 200);
      CHECK(phash_distance(*file, png) <= 4);
      CHECK(comparison_of(*file, png).ssim > 0.95);
    }
}

TEST_CASE("transparent parts are laid on white in every format that has them") {
  cv::Mat bgra;
  cv::cvtColor(draw_picture(9, shape), bgra, cv::COLOR_BGR2BGRA);
  for (int y = 0; y < bgra.rows; ++y)
    for (int x = 0; x < 80; ++x) bgra.at<cv::Vec4b>(y, x) = {0, 0, 0, 0};
  const std::string png = encode_picture(bgra, ".png");
  std::vector<std::string> files{encode_icon({bitmap_in_icon(bgra)}),
                                 encode_icon({png_in_icon(bgra)}),
                                 encode_webp_animation({bgra}, bgra.size())};
  if (auto jpegxl = encode_jpegxl({bgra})) files.push_back(*jpegxl);
  if (auto avif = encode_heif({bgra}, HeifCodec::av1)) files.push_back(*avif);
  if (auto heic = encode_heif({bgra}, HeifCodec::hevc)) files.push_back(*heic);
  for (const std::string& file : files) {
    CHECK(phash_distance(file, png) <= 4);
    CHECK(comparison_of(file, png).ssim > 0.95);
  }
}

TEST_CASE("samples of more than 8 bits give the hashes of their upper 8") {
  const cv::Mat picture = draw_picture(10, shape);
  const std::string png = encode_picture(picture, ".png");
  cv::Mat sixteen, ten;
  picture.convertTo(sixteen, CV_16UC3, 257);
  picture.convertTo(ten, CV_16UC3, 1023.0 / 255);
  if (const auto file = encode_jpegxl({sixteen})) {
    CHECK(fingerprint_of(*file).hashes == fingerprint_of(png).hashes);
    CHECK(comparison_of(*file, png).same_pixels);
  }
  // Debian's libheif cannot make libaom write 10 bits of RGB.
  if (const auto file = encode_heif({ten}, HeifCodec::hevc))
    CHECK(comparison_of(*file, png).ssim > 0.95);
}

TEST_CASE("of an icon the largest picture counts, and its pixels are never all that there is") {
  const cv::Mat large = draw_picture(11, {64, 64});
  cv::Mat small;
  cv::resize(large, small, {16, 16}, 0, 0, cv::INTER_AREA);
  const std::string icon =
      encode_icon({bitmap_in_icon(small), png_in_icon(large), bitmap_in_icon(small)});
  const std::string png = encode_picture(large, ".png");
  CHECK(fingerprint_of(icon).width_pixels == 64);
  CHECK(fingerprint_of(icon).hashes == fingerprint_of(png).hashes);
  CHECK(!comparison_of(icon, png).same_pixels);
}

TEST_CASE("the mask of an icon hides what it covers") {
  const cv::Mat picture = draw_picture(12, {64, 64});
  std::string bitmap = bitmap_in_icon(picture);
  cv::Mat shown = picture.clone();
  // The mask is the last 64 rows of 8 bytes, the lowest row first: here the left half of all.
  for (int y = 0; y < 64; ++y)
    for (std::size_t x = 0; x < 4; ++x)
      bitmap[bitmap.size() - 64 * 8 + static_cast<std::size_t>(y) * 8 + x] = '\xff';
  shown(cv::Rect(0, 0, 32, 64)).setTo(cv::Scalar::all(255));
  CHECK(fingerprint_of(encode_icon({bitmap})).hashes ==
        fingerprint_of(encode_picture(shown, ".png")).hashes);
}

TEST_CASE("a camera raw file shows its preview, and never has the pixels of another file") {
  const std::string preview = encode_picture(draw_picture(13, {320, 240}), ".jpg", 95);
  const std::string raw = encode_dng(preview, 1);
  if (is_left_out(raw)) return;
  const auto fingerprint = fingerprint_of(raw);
  CHECK(fingerprint.format == ImageFormat::raw);
  CHECK(fingerprint.width_pixels == 320);
  CHECK(fingerprint.hashes == fingerprint_of(preview).hashes);
  CHECK(fingerprint.detail > 4);
  const auto comparison = comparison_of(raw, preview);
  CHECK(comparison.ssim == doctest::Approx(1.0));
  CHECK(!comparison.same_pixels);
  CHECK(!comparison_of(raw, encode_dng(preview, 1) + "x").same_pixels);
  CHECK(refusal_of(raw, {320 * 240 - 1}).reason == RefusalReason::over_limit);
  CHECK(refusal_of(raw.substr(0, raw.size() - 10)).reason == RefusalReason::incomplete);
  CHECK(refusal_of(raw.substr(0, raw.size() / 4)).reason == RefusalReason::incomplete);
}

TEST_CASE("the turn of a camera raw file is applied once, whoever says it") {
  // The raw raster of encode_dng() is wider than high, as those of cameras are.
  for (int orientation = 2; orientation <= 8; ++orientation) {
    const PictureSize size = orientation < 5 ? PictureSize{320, 240} : PictureSize{240, 320};
    const cv::Mat shown = draw_picture(14, size);
    const std::string upright = encode_picture(shown, ".jpg", 95);
    const std::string stored =
        encode_picture(stored_for_orientation(shown, orientation), ".jpg", 95);
    std::vector<std::string> previews{stored, with_exif_orientation(stored, orientation)};
    if (orientation >= 5) previews.push_back(upright);  // turned already when it was stored
    for (const std::string& preview : previews) {
      const std::string raw = encode_dng(preview, orientation);
      if (is_left_out(raw)) return;
      INFO(orientation);
      CHECK(fingerprint_of(raw).width_pixels == static_cast<std::uint32_t>(size.width));
      CHECK(phash_distance(raw, upright) <= 4);
    }
  }
}
