// SPDX-License-Identifier: Apache-2.0
// A drawing as a PNG or JPEG file.
#pragma once

#include <filesystem>
#include <span>

#include "batch/canvas.h"

namespace imgdedup::batch {

/// Whether the name says PNG (.png) or JPEG (.jpg, .jpeg), in whatever case.
bool has_drawing_extension(const std::filesystem::path& path);

/// By the extension of `path`, which must pass has_drawing_extension(). The file appears at once
/// and whole, in place of a regular file that was there; on failure what was there stays. Throws
/// std::system_error naming `path`.
void write_drawing(const Canvas& drawing, const std::filesystem::path& path);

/// Any bytes in the same way. `path` may be relative.
void replace_file(const std::filesystem::path& path, std::span<const std::uint8_t> bytes);

}  // namespace imgdedup::batch
