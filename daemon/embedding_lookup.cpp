// SPDX-License-Identifier: Apache-2.0
// The embeddings of all originals.
#include "daemon/embedding_lookup.h"

#include "matching/embedding_comparison.h"

namespace imgdedup::daemon {
namespace {

// A few megabytes of vectors, and some milliseconds of sketching.
constexpr std::size_t page_size = 100;

}  // namespace

EmbeddingLookup::EmbeddingLookup(store::Catalog& catalog, const std::string& model_key,
                                 std::size_t value_count)
    : catalog_(catalog), value_count_(value_count), index_(value_count, catalog.embedding_seed()) {
  catalog_.use_embedding_model(model_key);
}

std::unique_ptr<EmbeddingLookup> EmbeddingLookup::of(
    store::Catalog& catalog, const std::optional<worker::EmbeddingModel>& model) {
  if (!model) return nullptr;
  return std::make_unique<EmbeddingLookup>(
      catalog, embedding_key(model->identity, model->parameters), model->identity.value_count);
}

void EmbeddingLookup::insert(store::ContentId id, const matching::Embedding& embedding) {
  if (embedding.values.size() == value_count_) index_.insert(id, embedding.values);
}

bool EmbeddingLookup::load_page() {
  const auto begin = std::chrono::steady_clock::now();
  const auto entries = catalog_.embedding_entries(loaded_up_to_, page_size);
  for (const store::EmbeddingEntry& entry : entries) insert(entry.content_id, entry.embedding);
  if (!entries.empty()) loaded_up_to_ = entries.back().content_id;
  is_loaded_ = entries.size() < page_size;
  build_time_ += std::chrono::steady_clock::now() - begin;
  return !is_loaded_;
}

void EmbeddingLookup::refresh(store::ContentId id, bool is_wanted) {
  // A page that is still to come brings what lies beyond.
  if (!is_loaded_ && id > loaded_up_to_) return;
  if (is_wanted == index_.contains(id)) return;
  if (!is_wanted) {
    index_.remove(id);
    return;
  }
  if (const auto embedding = catalog_.embedding(id)) insert(id, *embedding);
}

std::vector<store::ContentId> EmbeddingLookup::best(const matching::Embedding& embedding,
                                                    double min_similarity,
                                                    std::size_t count) const {
  matching::Embedding theirs;
  const auto matches = index_.within(
      embedding.values, min_similarity, [&](store::ContentId id) -> std::span<const float> {
        theirs = catalog_.embedding(id).value_or(matching::Embedding{});
        return theirs.values;
      });
  std::vector<store::ContentId> contents;
  for (const auto& match : matches) {
    if (contents.size() == count) break;
    contents.push_back(match.id);
  }
  return contents;
}

}  // namespace imgdedup::daemon
