// SPDX-License-Identifier: Apache-2.0
// A drawing as a PNG or JPEG file.
#include "batch/drawing_file.h"

#include <strings.h>

#include <algorithm>
#include <array>

#include "batch/jpeg_encoder.h"
#include "batch/whole_file.h"

namespace imgdedup::batch {
namespace {

bool has_extension(const std::filesystem::path& path, const char* extension) {
  return ::strcasecmp(path.extension().c_str(), extension) == 0;
}

}  // namespace

bool has_drawing_extension(const std::filesystem::path& path) {
  return std::ranges::any_of(std::array{".png", ".jpg", ".jpeg"}, [&path](const char* extension) {
    return has_extension(path, extension);
  });
}

void write_drawing(const Canvas& drawing, const std::filesystem::path& path) {
  replace_file(path, has_extension(path, ".png") ? drawing.to_png() : encode_jpeg(drawing));
}

}  // namespace imgdedup::batch
