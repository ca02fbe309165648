// SPDX-License-Identifier: Apache-2.0
// Which originals a picture may be a copy of.
#include <algorithm>
#include <set>

#include "daemon/film_beside.h"
#include "daemon/judge.h"
#include "matching/near_confirmation.h"

namespace imgdedup::daemon {
namespace {

// A picture that this many others come near to is one of a series; the nearest decide.
constexpr std::size_t max_near_contents = 32;

bool may_have_the_same_pixels(const matching::Fingerprint& a, const matching::Fingerprint& b) {
  if (a.width_pixels != b.width_pixels || a.height_pixels != b.height_pixels) return false;
  for (const auto kind : {matching::HashKind::ahash, matching::HashKind::dhash,
                          matching::HashKind::phash, matching::HashKind::whash})
    if (hamming_distance(a.hashes.of(kind), b.hashes.of(kind)) > same_picture_bits) return false;
  return true;
}

}  // namespace

matching::Measures Judge::measures_between(const matching::Fingerprint& a,
                                           const matching::Fingerprint& b) const {
  matching::Measures measures{.features = policy_.edited_enabled};
  measures.features_unless_near =
      policy_.near_enabled &&
      hamming_distance(a.hashes.of(policy_.hash_kind), b.hashes.of(policy_.hash_kind)) <=
          policy_.radius_bits &&
      has_enough_detail(a) && has_enough_detail(b);
  return measures;
}

matching::ImageRecord Judge::record_of(const store::CatalogFile& file,
                                       const matching::Fingerprint& fingerprint) const {
  const Root* root = roots_.holding(file.path);
  return {file.id,
          file.path,
          file.stamp,
          file.hard_links,
          root && root->settings.protect,
          has_film_beside(file.path),
          fingerprint};
}

void Judge::add_originals(std::vector<matching::Candidate>& candidates, store::ContentId id,
                          const matching::ImageRecord& record, std::optional<double> similarity) {
  const auto content = library_.catalog().content(id);
  if (!content) return;
  for (const store::CatalogFile& file : library_.catalog().originals_with_content(id)) {
    if (file.id == record.file_id || matching::same_inode(file.stamp, record.stamp)) continue;
    if (!roots_.is_online(file.path)) {
      library_.catalog().set_judged_without_offline(record.file_id, true);
      continue;
    }
    // The same bytes may have been measured by another version.
    const bool is_same = content->fingerprint.content_digest == record.fingerprint.content_digest;
    candidates.push_back({record_of(file, is_same ? record.fingerprint : content->fingerprint),
                          std::nullopt,
                          library_.catalog().are_distinct(record.fingerprint.content_digest,
                                                          content->fingerprint.content_digest),
                          similarity});
  }
}

std::vector<matching::Candidate> Judge::candidates_for(const matching::ImageRecord& record,
                                                       const matching::Measurement& measurement) {
  store::Catalog& catalog = library_.catalog();
  const matching::Fingerprint& fingerprint = record.fingerprint;
  std::vector<matching::Candidate> candidates;
  if (const auto same = catalog.content_with_digest(fingerprint.content_digest))
    add_originals(candidates, *same, record);
  if (!candidates.empty()) return candidates;

  std::vector<store::ContentId> contents =
      catalog.contents_with_reduced_picture(fingerprint, max_near_contents);
  std::set<store::ContentId> seen(contents.begin(), contents.end());
  const bool judged_by_look = policy_.near_enabled && has_enough_detail(fingerprint);
  const int radius_bits =
      judged_by_look ? std::max(policy_.radius_bits, same_picture_bits) : same_picture_bits;
  for (const HashIndex::Near& near : library_.index().within(fingerprint.hashes, radius_bits)) {
    if (seen.size() >= 2 * max_near_contents) break;
    if (seen.contains(near.content_id)) continue;
    const auto content = catalog.content(near.content_id);
    if (!content) continue;
    const bool may_be_near = judged_by_look && near.distance_bits <= policy_.radius_bits &&
                             has_enough_detail(content->fingerprint);
    if (!may_be_near && !may_have_the_same_pixels(fingerprint, content->fingerprint)) continue;
    seen.insert(near.content_id);
    contents.push_back(near.content_id);
  }
  if (measurement.features) add_edited_contents(fingerprint, *measurement.features, seen, contents);
  add_similar_contents(measurement, seen, contents);
  for (const store::ContentId id : contents)
    add_originals(candidates, id, record, similarity_to(id, measurement));
  return candidates;
}

}  // namespace imgdedup::daemon
