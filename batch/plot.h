// SPDX-License-Identifier: Apache-2.0
// imgdedup plot: a file and its duplicates, drawn.
#pragma once

#include <filesystem>
#include <string>

#include "worker/sandbox_layers.h"

namespace imgdedup::batch {

struct PlotOptions {
  std::string file;              ///< a name in the map, or a path: see plot_subject()
  std::filesystem::path found;   ///< the map, with scores or without
  std::filesystem::path folder;  ///< empty: see plot_subject()
  worker::SandboxRule sandbox = worker::SandboxRule::required;
  std::filesystem::path output;  ///< must pass has_drawing_extension()
};

/// Draws the file and its duplicates, the first 200, to `output`. Pictures that cannot be read are
/// named on standard error and drawn as grey fields. Throws std::runtime_error saying what failed
/// on what; so when no picture can be read at all, and when `output` is one of the map's files.
void plot(const PlotOptions& options);

}  // namespace imgdedup::batch
