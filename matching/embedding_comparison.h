// SPDX-License-Identifier: Apache-2.0
// Which embeddings are comparable, and how similar two are.
#pragma once

#include <optional>
#include <string>

#include "matching/embedding_parameters.h"
#include "matching/measurement.h"

namespace imgdedup::matching {

/// Digest and parameters as one text: equal exactly where embeddings are comparable.
std::string embedding_key(const EmbeddingModelIdentity& identity,
                          const EmbeddingParameters& parameters);

/// The cosine of two embeddings; empty unless both are there with as many values, and some.
std::optional<double> similarity_of(const std::optional<Embedding>& a,
                                    const std::optional<Embedding>& b);

}  // namespace imgdedup::matching
