// SPDX-License-Identifier: Apache-2.0
// JPEG of 12 bits a sample.
#include <cstdio>
#include <cstdlib>
#include <vector>

#include <opencv2/core.hpp>

#include "support/encoded_formats.h"

#if IMGDEDUP_TESTS_JPEG12

namespace imgdedup::testing {
namespace twelve_bits {
extern "C" {
#include <gdcm-3.0/gdcmjpeg/12/jpeglib.h>
}
}  // namespace twelve_bits

std::optional<std::string> encode_jpeg12(const cv::Mat& picture) {
  using namespace twelve_bits;
  jpeg_error_mgr errors{};
  jpeg_compress_struct state{};
  state.err = jpeg_std_error(&errors);
  jpeg_create_compress(&state);
  char* bytes = nullptr;
  std::size_t count = 0;
  std::FILE* file = ::open_memstream(&bytes, &count);
  jpeg_stdio_dest(&state, file);
  state.image_width = static_cast<JDIMENSION>(picture.cols);
  state.image_height = static_cast<JDIMENSION>(picture.rows);
  state.input_components = 3;
  state.in_color_space = JCS_RGB;
  jpeg_set_defaults(&state);
  jpeg_set_quality(&state, 95, FALSE);
  jpeg_start_compress(&state, TRUE);
  std::vector<JSAMPLE> row(static_cast<std::size_t>(picture.cols) * 3);
  for (int y = 0; y < picture.rows; ++y) {
    for (int x = 0; x < picture.cols; ++x)
      for (int channel = 0; channel < 3; ++channel)
        row[static_cast<std::size_t>(x * 3 + channel)] =
            static_cast<JSAMPLE>(picture.at<cv::Vec3b>(y, x)[2 - channel] * 4095 / 255);
    JSAMPROW rows = row.data();
    jpeg_write_scanlines(&state, &rows, 1);
  }
  jpeg_finish_compress(&state);
  jpeg_destroy_compress(&state);
  std::fclose(file);
  std::string result(bytes, count);
  std::free(bytes);
  return result;
}

}  // namespace imgdedup::testing

#else

std::optional<std::string> imgdedup::testing::encode_jpeg12(const cv::Mat&) { return std::nullopt; }

#endif
