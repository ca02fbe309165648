// SPDX-License-Identifier: Apache-2.0
// The embeddings of all originals, searchable by cosine; rebuilt from the catalog at start.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "matching/hyperplane_index.h"
#include "store/catalog.h"
#include "worker/embedding_model.h"

namespace imgdedup::daemon {

/// Holds a content exactly while a judged original has it and the model in use has made a vector of
/// it. The vectors themselves stay in the catalog. Loop thread only.
class EmbeddingLookup {
 public:
  /// The catalog uses this model from here on. value_count: of each of its embeddings.
  EmbeddingLookup(store::Catalog& catalog, const std::string& model_key, std::size_t value_count);

  /// The lookup for the embeddings of this model; nullptr where there is none.
  static std::unique_ptr<EmbeddingLookup> of(store::Catalog& catalog,
                                             const std::optional<worker::EmbeddingModel>& model);

  /// Loads one page of the catalog; true when there are more.
  bool load_page();
  [[nodiscard]] bool is_loaded() const { return is_loaded_; }

  /// Brings the entry of this content up to date: whether a judged original has it.
  void refresh(store::ContentId id, bool is_wanted);

  /// Contents whose embedding has a cosine of at least `min_similarity` with this one, which has
  /// values, the most similar first; at most `count`.
  [[nodiscard]] std::vector<store::ContentId> best(const matching::Embedding& embedding,
                                                   double min_similarity, std::size_t count) const;

  /// Number of contents.
  [[nodiscard]] std::size_t size() const { return index_.size(); }
  [[nodiscard]] std::size_t memory_bytes() const { return index_.memory_bytes(); }
  [[nodiscard]] std::chrono::duration<double> build_time() const { return build_time_; }

 private:
  void insert(store::ContentId id, const matching::Embedding& embedding);

  store::Catalog& catalog_;
  std::size_t value_count_;
  matching::HyperplaneIndex index_;
  store::ContentId loaded_up_to_ = 0;
  bool is_loaded_ = false;
  std::chrono::duration<double> build_time_{0};
};

}  // namespace imgdedup::daemon
