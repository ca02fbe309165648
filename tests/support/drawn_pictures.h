// SPDX-License-Identifier: Apache-2.0
// Pictures drawn by the tests themselves, each from its seed, and their files in every format.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <opencv2/core/mat.hpp>

namespace imgdedup::testing {

struct PictureSize {
  int width = 400;
  int height = 300;
};

/// A picture of its own for every seed: a coloured ground, some dozens of shapes, a little noise.
/// CV_8UC3, BGR. The same on every machine. Pictures of different seeds look different.
cv::Mat draw_picture(std::uint64_t seed, PictureSize size = {});

/// The bytes of a file. `extension` says which format: ".jpg", ".png", ".webp", ".tiff", ".bmp",
/// ".pgm", ".ppm", ".jp2". `quality` is for JPEG and WebP only, 1..100. Throws std::runtime_error
/// if it cannot be encoded.
std::string encode_picture(const cv::Mat& picture, std::string_view extension, int quality = 90);
/// A JPEG with progressive scans.
std::string encode_progressive_jpeg(const cv::Mat& picture, int quality = 90);

/// `jpeg` with an EXIF block (of one tag) behind its start: 1..8 as in EXIF.
std::string with_exif_orientation(std::string_view jpeg, int orientation);
/// `jpeg` with a comment behind its start: other bytes, the same picture.
std::string with_jpeg_comment(std::string_view jpeg, std::string_view comment);

/// An uncompressed little-endian TIFF of a CV_8UC3 picture with an orientation tag: 1..8.
std::string encode_tiff(const cv::Mat& picture, int orientation);

/// Every sample times `gain` plus `offset`, clamped.
cv::Mat toned(const cv::Mat& picture, double gain, double offset);

/// The stored picture that a viewer who honours `orientation` shows as `shown`.
cv::Mat stored_for_orientation(const cv::Mat& shown, int orientation);

}  // namespace imgdedup::testing
