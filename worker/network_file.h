// SPDX-License-Identifier: Apache-2.0
// The open file of a model -> its network. Process side.
#pragma once

#include <memory>

#include "hashing/embedding.h"
#include "matching/embedding_parameters.h"

namespace imgdedup::worker {

/// Reads the whole file behind `descriptor`, builds the network, and closes the descriptor. Throws
/// hashing::ModelError, also where the file cannot be read.
std::unique_ptr<hashing::EmbeddingNetwork> network_from_file(
    int descriptor, const matching::EmbeddingParameters& parameters);

}  // namespace imgdedup::worker
