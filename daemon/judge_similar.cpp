// SPDX-License-Identifier: Apache-2.0
// Which originals a network takes for alike.
#include "daemon/judgement.h"
#include "matching/embedding_comparison.h"
#include "matching/near_confirmation.h"

namespace imgdedup::daemon {
namespace {

// Each costs a comparison by a worker; the most similar decide.
constexpr std::size_t max_similar_contents = 10;

}  // namespace

void Judge::add_similar_contents(const matching::Measurement& measurement,
                                 std::set<store::ContentId>& seen,
                                 std::vector<store::ContentId>& contents) const {
  const EmbeddingLookup* lookup = library_.embeddings();
  if (!policy_.min_similarity || !lookup || !measurement.embedding ||
      measurement.embedding->values.empty() || !has_enough_detail(measurement.fingerprint))
    return;
  for (const store::ContentId id :
       lookup->best(*measurement.embedding, *policy_.min_similarity, max_similar_contents)) {
    if (seen.contains(id)) continue;
    const auto content = library_.catalog().content(id);
    if (!content || !has_enough_detail(content->fingerprint)) continue;
    seen.insert(id);
    contents.push_back(id);
  }
}

std::optional<double> Judge::similarity_to(store::ContentId content,
                                           const matching::Measurement& measurement) const {
  if (!measurement.embedding) return std::nullopt;
  return matching::similarity_of(measurement.embedding, library_.catalog().embedding(content));
}

bool Judge::may_be_similar(const Judgement& a, const Judgement& b) const {
  if (!policy_.min_similarity) return false;
  const auto similarity = matching::similarity_of(a.measurement.embedding, b.measurement.embedding);
  return similarity && is_similar(*similarity, policy_);
}

}  // namespace imgdedup::daemon
