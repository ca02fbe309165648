// SPDX-License-Identifier: Apache-2.0
// Which embeddings are comparable, and how similar two are.
#include "matching/embedding_comparison.h"

#include "matching/hex.h"
#include "matching/vector_matrix.h"

namespace imgdedup::matching {

std::string embedding_key(const EmbeddingModelIdentity& identity,
                          const EmbeddingParameters& parameters) {
  return bytes_to_hex(identity.digest.bytes) + " " + to_text(parameters);
}

std::optional<double> similarity_of(const std::optional<Embedding>& a,
                                    const std::optional<Embedding>& b) {
  if (!a || !b || a->values.empty() || a->values.size() != b->values.size()) return std::nullopt;
  return cosine_of(a->values, b->values);
}

}  // namespace imgdedup::matching
