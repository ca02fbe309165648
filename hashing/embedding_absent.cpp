// SPDX-License-Identifier: Apache-2.0
// Networks in a build without OpenCV's dnn module: there are none.
#include "hashing/embedding.h"

namespace imgdedup::hashing {

class EmbeddingNetwork::Implementation {};

EmbeddingNetwork::EmbeddingNetwork(Bytes, const matching::EmbeddingParameters&) {
  throw ModelError("cannot be used: this build has no support for networks (IMGDEDUP_WITH_DNN)");
}

EmbeddingNetwork::~EmbeddingNetwork() = default;

const matching::EmbeddingModelIdentity& EmbeddingNetwork::identity() const {
  throw std::logic_error("a network in a build without networks");
}

int EmbeddingNetwork::short_side() const {
  throw std::logic_error("a network in a build without networks");
}

Outcome<matching::Embedding> EmbeddingNetwork::embed(const cv::Mat&) {
  throw std::logic_error("a network in a build without networks");
}

}  // namespace imgdedup::hashing
