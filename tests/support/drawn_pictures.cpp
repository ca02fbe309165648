// SPDX-License-Identifier: Apache-2.0
// Pictures drawn by the tests themselves, and their files in every format.
#include "support/drawn_pictures.h"

#include <random>
#include <stdexcept>
#include <vector>

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

namespace imgdedup::testing {
namespace {

/// Whole numbers without std::uniform_int_distribution, which differs between libraries.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed * 2654435761U + 12345) {}
  int below(int end) { return static_cast<int>(engine_() % static_cast<std::uint64_t>(end)); }
  cv::Scalar colour() {
    const int blue = below(256), green = below(256), red = below(256);
    return {static_cast<double>(blue), static_cast<double>(green), static_cast<double>(red)};
  }

 private:
  std::mt19937_64 engine_;
};

std::string encode(const cv::Mat& picture, std::string_view extension,
                   const std::vector<int>& parameters) {
  std::vector<std::uint8_t> bytes;
  if (!cv::imencode(std::string(extension), picture, bytes, parameters))
    throw std::runtime_error("encode a picture as " + std::string(extension));
  return {bytes.begin(), bytes.end()};
}

/// A JPEG segment with its marker and length.
std::string segment(char marker, std::string_view payload) {
  const std::size_t length = payload.size() + 2;
  std::string result{'\xff', marker, static_cast<char>(length >> 8),
                     static_cast<char>(length & 0xff)};
  return result.append(payload);
}

std::string after_start(std::string_view jpeg, const std::string& inserted) {
  return std::string(jpeg.substr(0, 2)) + inserted + std::string(jpeg.substr(2));
}

}  // namespace

cv::Mat draw_picture(std::uint64_t seed, PictureSize size) {
  Dice dice(seed);
  cv::Mat picture(size.height, size.width, CV_8UC3, dice.colour());
  const int extent = std::max(size.width, size.height);
  for (int i = 0; i < 40; ++i) {
    const cv::Point a(dice.below(size.width), dice.below(size.height));
    const cv::Point b(dice.below(size.width), dice.below(size.height));
    const int radius = 1 + extent / 40 + dice.below(1 + extent / 6);
    const cv::Scalar colour = dice.colour();
    switch (dice.below(3)) {
      case 0:
        cv::circle(picture, a, radius, colour, cv::FILLED, cv::LINE_AA);
        break;
      case 1:
        cv::rectangle(picture, cv::Rect(a, cv::Size(radius, 1 + dice.below(radius))), colour,
                      cv::FILLED);
        break;
      default:
        cv::line(picture, a, b, colour, 1 + extent / 80, cv::LINE_AA);
    }
  }
  for (int y = 0; y < picture.rows; ++y)
    for (int x = 0; x < picture.cols; ++x) {
      auto& pixel = picture.at<cv::Vec3b>(y, x);
      for (int channel = 0; channel < 3; ++channel)
        pixel[channel] = cv::saturate_cast<std::uint8_t>(pixel[channel] + dice.below(13) - 6);
    }
  return picture;
}

std::string encode_picture(const cv::Mat& picture, std::string_view extension, int quality) {
  if (extension == ".jpg") return encode(picture, extension, {cv::IMWRITE_JPEG_QUALITY, quality});
  if (extension == ".webp") return encode(picture, extension, {cv::IMWRITE_WEBP_QUALITY, quality});
  if (extension == ".pgm" && picture.channels() == 3) {
    cv::Mat grey;
    cv::cvtColor(picture, grey, cv::COLOR_BGR2GRAY);
    return encode(grey, extension, {});
  }
  return encode(picture, extension, {});
}

std::string encode_progressive_jpeg(const cv::Mat& picture, int quality) {
  return encode(picture, ".jpg",
                {cv::IMWRITE_JPEG_QUALITY, quality, cv::IMWRITE_JPEG_PROGRESSIVE, 1});
}

std::string with_exif_orientation(std::string_view jpeg, int orientation) {
  using namespace std::string_literals;
  std::string exif = "Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0"s;
  exif += static_cast<char>(orientation);
  exif += "\0\0\0\0\0\0"s;
  return after_start(jpeg, segment('\xe1', exif));
}

std::string with_jpeg_comment(std::string_view jpeg, std::string_view comment) {
  return after_start(jpeg, segment('\xfe', comment));
}

std::string encode_tiff(const cv::Mat& picture, int orientation) {
  constexpr std::uint32_t entries = 10, bits_offset = 8 + 2 + entries * 12 + 4,
                          data_offset = bits_offset + 6;
  constexpr std::uint32_t u16 = 3, u32 = 4;
  std::string file = "II";
  const auto append = [&file](std::uint32_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) file += static_cast<char>(value >> 8 * i & 0xff);
  };
  const auto entry = [&append](std::uint32_t tag, std::uint32_t type, std::uint32_t count,
                               std::uint32_t value) {
    append(tag, 2);
    append(type, 2);
    append(count, 4);
    append(value, 4);
  };
  const auto width = static_cast<std::uint32_t>(picture.cols);
  const auto height = static_cast<std::uint32_t>(picture.rows);
  append(42, 2);
  append(8, 4);
  append(entries, 2);
  entry(256, u32, 1, width);
  entry(257, u32, 1, height);
  entry(258, u16, 3, bits_offset);
  entry(259, u16, 1, 1);
  entry(262, u16, 1, 2);
  entry(273, u32, 1, data_offset);
  entry(274, u16, 1, static_cast<std::uint32_t>(orientation));
  entry(277, u16, 1, 3);
  entry(278, u32, 1, height);
  entry(279, u32, 1, width * height * 3);
  append(0, 4);
  for (int i = 0; i < 3; ++i) append(8, 2);
  for (int y = 0; y < picture.rows; ++y)
    for (int x = 0; x < picture.cols; ++x)
      for (int channel = 2; channel >= 0; --channel)
        file += static_cast<char>(picture.at<cv::Vec3b>(y, x)[channel]);
  return file;
}

cv::Mat toned(const cv::Mat& picture, double gain, double offset) {
  cv::Mat result;
  picture.convertTo(result, -1, gain, offset);
  return result;
}

cv::Mat stored_for_orientation(const cv::Mat& shown, int orientation) {
  cv::Mat stored;
  switch (orientation) {
    case 2:
      cv::flip(shown, stored, 1);
      return stored;
    case 3:
      cv::rotate(shown, stored, cv::ROTATE_180);
      return stored;
    case 4:
      cv::flip(shown, stored, 0);
      return stored;
    case 5:
      cv::transpose(shown, stored);
      return stored;
    case 6:
      cv::rotate(shown, stored, cv::ROTATE_90_COUNTERCLOCKWISE);
      return stored;
    case 7:
      cv::rotate(shown, stored, cv::ROTATE_180);
      cv::transpose(stored, stored);
      return stored;
    case 8:
      cv::rotate(shown, stored, cv::ROTATE_90_CLOCKWISE);
      return stored;
    default:
      return shown.clone();
  }
}

}  // namespace imgdedup::testing
