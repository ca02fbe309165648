// SPDX-License-Identifier: Apache-2.0
// Everything that a codec does once, done before the sandbox closes.
#include <stdlib.h>
#include <time.h>

#include <cstdint>
#include <vector>

#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgcodecs.hpp>

#include "hashing/measure.h"
#include "hashing/warm_pictures.h"

namespace imgdedup::hashing {

void warm_codecs() {
  cv::setNumThreads(0);
  // libraw turns times into seconds, for which the C library would look at /etc/localtime.
  ::setenv("TZ", "UTC0", 1);
  ::tzset();
  // What OpenCV would print about a broken file, a Refusal says.
  cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
  cv::Mat picture(40, 40, CV_8UC3);
  for (int y = 0; y < picture.rows; ++y)
    for (int x = 0; x < picture.cols; ++x)
      picture.at<cv::Vec3b>(y, x) = {static_cast<std::uint8_t>(x * 6),
                                     static_cast<std::uint8_t>(y * 6),
                                     static_cast<std::uint8_t>((x ^ y) * 4)};
  std::vector<std::uint8_t> first, file;
  for (const char* extension : {".jpg", ".png", ".webp", ".tiff", ".bmp", ".ppm"}) {
    try {
      if (!cv::imencode(extension, picture, file)) continue;
    } catch (const cv::Exception&) {
      continue;  // A build of OpenCV without this encoder still decodes what it can.
    }
    if (first.empty()) first = file;
    (void)measure_image(file, {});
    (void)compare_images(first, file, {});
  }
  // OpenCV asks for the number of processors when it first filters, too.
  (void)measure_image(first, {}, {.features = true});
  (void)compare_images(first, first, {}, {.features = true});
  for (const Bytes tiny : {Bytes(warm_gif), Bytes(warm_heic), Bytes(warm_avif), Bytes(warm_jpegxl),
                           Bytes(warm_jpeg2000)})
    (void)measure_image(tiny, {});
}

}  // namespace imgdedup::hashing
