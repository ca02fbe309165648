// SPDX-License-Identifier: Apache-2.0
// The network of --method cnn.
#include "batch/model_options.h"

#include "batch/pictures.h"
#include "batch/usage_error.h"
#include "worker/embedding_model.h"

namespace imgdedup::batch {

PictureMeasurer make_measurer(const ModelOptions& model, worker::SandboxRule sandbox) {
  if (model.file.empty())
    throw UsageError(
        "--method cnn needs a network: give an ONNX file with --model FILE (one picture in, one "
        "vector out, such as a classification network without its last layer)");
  auto settings = measurer_settings(sandbox);
  try {
    settings.embedding =
        worker::check_embedding_model(settings, model.file.native(), model.parameters);
  } catch (const worker::EmbeddingModelError& error) {
    throw UsageError(std::string("--model ") + error.what());
  }
  return PictureMeasurer(std::move(settings));
}

}  // namespace imgdedup::batch
