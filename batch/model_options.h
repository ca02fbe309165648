// SPDX-License-Identifier: Apache-2.0
// The network of --method cnn.
#pragma once

#include <filesystem>

#include "batch/picture_measurer.h"
#include "matching/embedding_parameters.h"

namespace imgdedup::batch {

struct ModelOptions {
  std::filesystem::path file;  ///< an ONNX model; empty: not given
  matching::EmbeddingParameters parameters;
};

/// As make_measurer(), with workers that have this network. Throws UsageError when no model was
/// given, and when it cannot be used: what() says why.
PictureMeasurer make_measurer(const ModelOptions& model, worker::SandboxRule sandbox);

}  // namespace imgdedup::batch
