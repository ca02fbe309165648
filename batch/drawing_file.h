// SPDX-License-Identifier: Apache-2.0
// A drawing as a PNG or JPEG file.
#pragma once

#include <filesystem>

#include "batch/canvas.h"

namespace imgdedup::batch {

/// Whether the name says PNG (.png) or JPEG (.jpg, .jpeg), in whatever case.
bool has_drawing_extension(const std::filesystem::path& path);

/// By the extension of `path`, which must pass has_drawing_extension(); as replace_file() does.
void write_drawing(const Canvas& drawing, const std::filesystem::path& path);

}  // namespace imgdedup::batch
