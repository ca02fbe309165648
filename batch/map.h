// SPDX-License-Identifier: Apache-2.0
// imgdedup map: all pictures of a folder, alike ones beside each other, drawn.
#pragma once

#include <filesystem>
#include <string>

#include "batch/file_list.h"
#include "worker/sandbox_layers.h"

namespace imgdedup::batch {

struct MapOptions {
  std::string folder;
  Descent descent = Descent::this_folder_only;
  worker::SandboxRule sandbox = worker::SandboxRule::required;
  std::filesystem::path output;  ///< must pass has_drawing_extension()
  std::filesystem::path csv;     ///< empty: none
};

/// Draws the thumbnails of all readable pictures at the places that t-SNE of appearance_of() gives
/// them, pushed apart a little where they would cover each other. The CSV has `file,x,y`, a line a
/// picture by name as in results, with the places before that; y grows downwards. Pictures that
/// cannot be read are named on standard error. Throws std::runtime_error saying what failed on
/// what; so when there is no picture, and when a file to be written is one of the pictures.
void draw_map(const MapOptions& options);

}  // namespace imgdedup::batch
