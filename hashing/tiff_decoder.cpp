// SPDX-License-Identifier: Apache-2.0
// The kinds of TIFF that OpenCV does not read, through libtiff.
#include <tiffio.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include <opencv2/core.hpp>

#include "hashing/alpha.h"
#include "hashing/format_decoders.h"
#include "hashing/opencv_decoder.h"

namespace imgdedup::hashing {
namespace {

/// A TIFF that libtiff reads from memory, and nothing else.
class TiffFile {
 public:
  explicit TiffFile(Bytes bytes)
      : bytes_(bytes),
        tiff_(
            TIFFClientOpen("memory", "rm", this, read, write, seek, close, size, nullptr, nullptr),
            TIFFClose) {}
  TiffFile(const TiffFile&) = delete;
  TiffFile& operator=(const TiffFile&) = delete;

  [[nodiscard]] TIFF* get() const { return tiff_.get(); }

 private:
  static TiffFile& of(thandle_t handle) { return *static_cast<TiffFile*>(handle); }
  static tmsize_t read(thandle_t handle, void* out, tmsize_t wanted) {
    TiffFile& self = of(handle);
    const std::size_t start = std::min(self.position_, self.bytes_.size());
    const std::size_t count = std::min(static_cast<std::size_t>(std::max<tmsize_t>(wanted, 0)),
                                       self.bytes_.size() - start);
    std::memcpy(out, self.bytes_.data() + start, count);
    self.position_ = start + count;
    return static_cast<tmsize_t>(count);
  }
  static tmsize_t write(thandle_t, void*, tmsize_t) { return 0; }
  static toff_t seek(thandle_t handle, toff_t offset, int from) {
    TiffFile& self = of(handle);
    const std::size_t base = from == SEEK_CUR   ? self.position_
                             : from == SEEK_END ? self.bytes_.size()
                                                : 0;
    self.position_ = base + offset;
    return self.position_;
  }
  static int close(thandle_t) { return 0; }
  static toff_t size(thandle_t handle) { return of(handle).bytes_.size(); }

  Bytes bytes_;
  std::size_t position_ = 0;
  std::unique_ptr<TIFF, void (*)(TIFF*)> tiff_;
};

matching::Refusal unreadable() { return damaged("tiff that its decoder cannot read"); }

/// Samples of 16 bits: cyan, magenta, yellow, black, perhaps more, 65535 being full ink.
Outcome<cv::Mat> decode_inks(TIFF* tiff, cv::Size size) {
  std::uint16_t samples = 0, planar = PLANARCONFIG_CONTIG;
  TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &samples);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_PLANARCONFIG, &planar);
  if (TIFFIsTiled(tiff) != 0 || planar != PLANARCONFIG_CONTIG || samples < 4)
    return unsupported("CMYK TIFF of 16 bits in tiles or planes is not read");
  const auto row_samples = static_cast<std::size_t>(size.width) * samples;
  const tmsize_t row_bytes = TIFFScanlineSize(tiff);
  if (row_bytes <= 0 || static_cast<std::size_t>(row_bytes) < row_samples * 2) return unreadable();
  std::vector<std::uint16_t> row(static_cast<std::size_t>(row_bytes) / 2 + 1);
  cv::Mat bgr(size, CV_16UC3);
  for (int y = 0; y < size.height; ++y) {
    if (TIFFReadScanline(tiff, row.data(), static_cast<std::uint32_t>(y), 0) != 1)
      return unreadable();
    auto* out = bgr.ptr<std::uint16_t>(y);
    for (std::size_t x = 0; x < row_samples; x += samples, out += 3)
      for (std::size_t channel = 0; channel < 3; ++channel) {
        const std::uint64_t paper = 65'535U - row[x + 2 - channel], light = 65'535U - row[x + 3];
        out[channel] = static_cast<std::uint16_t>((paper * light + 32'767) / 65'535);
      }
  }
  return bgr;
}

/// By libtiff's own conversion to 8 bits.
Outcome<cv::Mat> decode_by_conversion(TIFF* tiff, cv::Size size) {
  cv::Mat packed(size, CV_8UC4);
  auto* pixels = packed.ptr<std::uint32_t>();
  if (TIFFReadRGBAImageOriented(tiff, static_cast<std::uint32_t>(size.width),
                                static_cast<std::uint32_t>(size.height), pixels,
                                ORIENTATION_TOPLEFT, 1) != 1)
    return unreadable();
  cv::Mat bgra(size, CV_8UC4);
  for (int y = 0; y < size.height; ++y)
    for (int x = 0; x < size.width; ++x) {
      const std::uint32_t pixel = packed.at<std::uint32_t>(y, x);
      bgra.at<cv::Vec4b>(y, x) = {
          static_cast<std::uint8_t>(TIFFGetB(pixel)), static_cast<std::uint8_t>(TIFFGetG(pixel)),
          static_cast<std::uint8_t>(TIFFGetR(pixel)), static_cast<std::uint8_t>(TIFFGetA(pixel))};
    }
  return without_full_alpha(bgra);
}

}  // namespace

Outcome<cv::Mat> decode_tiff(Bytes file, const ImageHeader& header) {
  std::vector<std::uint8_t> copy;
  if (header.orientation_value_offset != 0) {
    copy = with_normal_orientation(file, header.orientation_value_offset);
    file = copy;
  }
  const TiffFile opened(file);
  if (opened.get() == nullptr) return unreadable();
  const cv::Size size(static_cast<int>(header.width), static_cast<int>(header.height));
  std::uint16_t bits = 1;
  TIFFGetFieldDefaulted(opened.get(), TIFFTAG_BITSPERSAMPLE, &bits);
  return bits == 16 ? decode_inks(opened.get(), size) : decode_by_conversion(opened.get(), size);
}

}  // namespace imgdedup::hashing
