// SPDX-License-Identifier: Apache-2.0
// Which originals a picture may be an edited copy of.
#include <algorithm>

#include "daemon/judgement.h"
#include "matching/edited_confirmation.h"
#include "matching/feature_matching.h"

namespace imgdedup::daemon {
namespace {

// Each costs a look at its features, and a comparison by a worker if these agree.
constexpr std::size_t max_edited_contents = 10;
constexpr std::size_t max_turned_contents = 16;
// Two pictures that share fewer keys are not compared feature by feature.
constexpr std::size_t least_shared_keys = 3;

}  // namespace

void Judge::add_edited_contents(const matching::Fingerprint& fingerprint,
                                const matching::PictureFeatures& features,
                                std::set<store::ContentId>& seen,
                                std::vector<store::ContentId>& contents) const {
  store::Catalog& catalog = library_.catalog();
  const FeatureLookup* lookup = library_.features();
  if (!policy_.edited_enabled || !lookup || !has_enough_detail_for_edited(fingerprint)) return;

  const std::size_t turned_limit = contents.size() + max_turned_contents;
  for (const matching::PerceptualHashes& turned : features.turned_hashes) {
    for (const HashIndex::Near& near : library_.index().within(turned, policy_.radius_bits)) {
      if (contents.size() >= turned_limit) break;
      if (seen.insert(near.content_id).second) contents.push_back(near.content_id);
    }
  }
  const matching::LocalFeatures mirrored = matching::mirrored(features.local);
  for (const auto& [id, mirroring] : lookup->best(features.local, mirrored, max_edited_contents)) {
    if (seen.contains(id)) continue;
    const auto theirs = catalog.features(id);
    const auto& ours = mirroring == Mirroring::mirrored ? mirrored : features.local;
    if (!theirs || !may_be_edited(matching::agree_unmirrored(ours, theirs->local))) continue;
    seen.insert(id);
    contents.push_back(id);
  }
}

bool Judge::may_be_edited_copies(const Judgement& a, const Judgement& b) const {
  if (!policy_.edited_enabled || !a.measurement.features || !b.measurement.features) return false;
  const auto hash = a.record.fingerprint.hashes.of(policy_.hash_kind);
  const auto& turned = b.measurement.features->turned_hashes;
  if (std::any_of(turned.begin(), turned.end(), [&](const matching::PerceptualHashes& hashes) {
        return hamming_distance(hash, hashes.of(policy_.hash_kind)) <= policy_.radius_bits;
      }))
    return true;
  return (matching::count_shared_keys(a.keys, b.keys) >= least_shared_keys ||
          matching::count_shared_keys(a.mirrored_keys, b.keys) >= least_shared_keys) &&
         may_be_edited(
             matching::agree(a.measurement.features->local, b.measurement.features->local));
}

void Judge::make_keys(Judgement& judgement) const {
  if (!policy_.edited_enabled || !judgement.measurement.features) return;
  const matching::LocalFeatures& local = judgement.measurement.features->local;
  judgement.keys = matching::feature_keys(local);
  judgement.mirrored_keys = matching::feature_keys(matching::mirrored(local));
}

}  // namespace imgdedup::daemon
