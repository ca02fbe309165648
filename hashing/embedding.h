// SPDX-License-Identifier: Apache-2.0
// A picture -> the vector that a network gives for it.
#pragma once

#include <cstddef>
#include <memory>
#include <stdexcept>

#include <opencv2/core/mat.hpp>

#include "hashing/measure.h"
#include "hashing/outcome.h"
#include "matching/embedding_parameters.h"

namespace imgdedup::hashing {

/// What is wrong with a model, on one line for its owner: "has 2 outputs (a, b), must have one".
class ModelError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// An ONNX network that takes one picture (1 x 3 x height x width, float) and gives one vector. One
/// thread only. Opens no file once it is built. Does not keep the model's bytes.
class EmbeddingNetwork {
 public:
  /// Builds the network and runs it once, on a blank picture. Throws ModelError if `model` is no
  /// ONNX file, has not one input and one output, keeps weights in other files, takes no picture of
  /// the size in `parameters`, gives no vector of 2 to max_embedding_values numbers, has an
  /// operator that OpenCV does not know, or needs more memory than there is; and if this build has
  /// no support for networks.
  EmbeddingNetwork(Bytes model, const matching::EmbeddingParameters& parameters);
  ~EmbeddingNetwork();
  EmbeddingNetwork(const EmbeddingNetwork&) = delete;
  EmbeddingNetwork& operator=(const EmbeddingNetwork&) = delete;

  [[nodiscard]] const matching::EmbeddingModelIdentity& identity() const;
  /// Pixels of the shorter side below which a picture need not be reduced before it is given.
  [[nodiscard]] int short_side() const;

  /// The network's output for `picture` (CV_8UC3, BGR, as shown), flattened and scaled to length 1.
  /// The whole picture is squeezed to the input's size. A Refusal if the output has no direction
  /// (zeros, infinities, not-a-number). Throws cv::Exception, std::bad_alloc.
  Outcome<matching::Embedding> embed(const cv::Mat& picture);

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace imgdedup::hashing
