// SPDX-License-Identifier: Apache-2.0
// Measured files -> which has which duplicates.
#include "batch/search.h"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "batch/edited_candidates.h"
#include "matching/bk_tree.h"
#include "matching/companion.h"
#include "matching/decision.h"
#include "matching/near_confirmation.h"
#include "matching/wide_hash_scan.h"

namespace imgdedup::batch {
namespace {

using matching::BkTree;
using matching::ImageRecord;

FoundMap keys_of(std::span<const ImageRecord> files) {
  FoundMap found;
  for (const auto& file : files) found[file.path];
  return found;
}

/// Indexes of files, by their bytes; in the order of the first of each.
std::vector<std::vector<std::size_t>> group_by_content(std::span<const ImageRecord> files) {
  std::unordered_map<matching::ContentDigest, std::size_t> groups_by_digest;
  std::vector<std::vector<std::size_t>> groups;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const auto [group, is_new] =
        groups_by_digest.try_emplace(files[i].fingerprint.content_digest, groups.size());
    if (is_new) groups.emplace_back();
    groups[group->second].push_back(i);
  }
  return groups;
}

template <typename Visit>
void for_each_pair(const std::vector<std::size_t>& group, Visit visit) {
  for (std::size_t i = 0; i < group.size(); ++i)
    for (std::size_t j = i + 1; j < group.size(); ++j) visit(group[i], group[j]);
}

/// Whether a comparison could end in a relation: near, or the same pixels.
bool worth_comparing(const matching::Fingerprint& a, const matching::Fingerprint& b,
                     const matching::Policy& policy) {
  const bool could_be_same_pixels = a.width_pixels == b.width_pixels &&
                                    a.height_pixels == b.height_pixels && a.hashes == b.hashes;
  return could_be_same_pixels ||
         (policy.near_enabled && matching::has_enough_detail(a) && matching::has_enough_detail(b));
}

}  // namespace

FoundMap find_by_hash(const Encodings& encodings, int max_distance_bits) {
  FoundMap found;
  std::vector<const std::string*> names;
  std::vector<matching::EncodedHash> hashes;
  for (const auto& [name, hash] : encodings) {
    hashes.push_back(hash);
    names.push_back(&found.try_emplace(name).first->first);
  }
  if (hashes.empty()) return found;
  const auto add = [&](std::uint32_t first, std::uint32_t second, int distance_bits) {
    add_pair(found, *names[first], *names[second], distance_bits);
  };
  if (hashes[0].size == matching::HashSize::sixteen) {
    matching::WideHashScan(hashes).for_each_pair(max_distance_bits, add);
    return found;
  }
  std::vector<BkTree::Entry> entries;
  for (const auto& hash : hashes)
    entries.push_back({{hash.words[0]}, static_cast<BkTree::Id>(entries.size())});
  const BkTree tree = BkTree::build(entries);
  for (const auto& entry : entries)
    for (const auto& match : tree.within(entry.hash, max_distance_bits))
      if (match.id > entry.id) add(entry.id, match.id, match.distance_bits);
  return found;
}

FoundMap find_by_hash(const Encodings& encodings, int max_distance_bits, const std::string& query) {
  const auto& wanted = encodings.at(query);
  std::vector<Hit> hits;
  for (const auto& [name, hash] : encodings)
    if (const int distance = hamming_distance(wanted, hash);
        distance <= max_distance_bits && name != query)
      hits.push_back({name, distance});
  return {{query, std::move(hits)}};
}

FoundMap find_by_content(const Digests& digests) {
  FoundMap found;
  std::unordered_map<matching::ContentDigest, std::vector<const std::string*>> files;
  for (const auto& [name, digest] : digests) {
    found.try_emplace(name);
    auto& same = files[digest];
    for (const std::string* other : same) add_pair(found, *other, name, 0);
    same.push_back(&name);
  }
  return found;
}

namespace {

/// Whether a pair is left out: who removes what is found must not lose a RAW by its JPEG, or a shot
/// by another one. In a map a series stays, for names of one series are what exported data sets
/// have.
bool is_left_out(std::optional<matching::CompanionKind> kind, Series series,
                 CompanionCounts& counts) {
  if (!kind) return false;
  const bool is_series = *kind == matching::CompanionKind::burst;
  ++(is_series ? counts.series : counts.two_forms);
  return !is_series || series == Series::left_out;
}

}  // namespace

FoundMap find_by_judgement(std::span<const ImageRecord> files,
                           std::span<const std::optional<matching::PictureFeatures>> features,
                           const JudgementSearch& search, const Compare& compare,
                           CompanionCounts* companions) {
  const matching::Policy& policy = search.policy;
  CompanionCounts counts;
  FoundMap found = keys_of(files);
  const auto relate = [&](std::size_t i, std::size_t j,
                          const std::optional<matching::Comparison>& comparison) {
    if (search.query && i != *search.query && j != *search.query) return;
    const auto relation = relation_between(files[j], {files[i], comparison, false}, policy);
    if (!relation ||
        is_left_out(companion_kind(files[i], files[j], relation->relation), search.series, counts))
      return;
    if (search.score == HitScore::distance)
      add_pair(found, files[i].path, files[j].path, relation->evidence.distance_bits.value_or(0));
    else
      add_pair(found, files[i].path, files[j].path,
               relation->relation == matching::Relation::edited
                   ? relation->evidence.ssim.value_or(0)
                   : 1.0);
  };

  const auto groups = group_by_content(files);
  std::vector<BkTree::Entry> entries;
  std::vector<EditedCandidate> looks;
  for (std::size_t group = 0; group < groups.size(); ++group) {
    for_each_pair(groups[group], [&](std::size_t i, std::size_t j) { relate(i, j, std::nullopt); });
    const std::size_t first = groups[group][0];
    entries.push_back(
        {files[first].fingerprint.hashes.of(policy.hash_kind), static_cast<BkTree::Id>(group)});
    if (!features.empty())
      looks.push_back({&files[first].fingerprint, features[first] ? &*features[first] : nullptr});
  }
  const auto is_asked_for = [&](std::size_t group) {
    return !search.query || std::ranges::count(groups[group], *search.query) > 0;
  };

  std::set<IndexPair> group_pairs;
  const BkTree tree = BkTree::build(entries);
  for (const auto& entry : entries) {
    if (!is_asked_for(entry.id)) continue;
    for (const auto& match : tree.within(entry.hash, policy.radius_bits)) {
      if (match.id == entry.id) continue;
      const auto [first, second] = std::minmax(entry.id, match.id);
      if (worth_comparing(files[groups[first][0]].fingerprint, files[groups[second][0]].fingerprint,
                          policy))
        group_pairs.emplace(first, second);
    }
  }
  if (policy.edited_enabled && !looks.empty())
    for (const IndexPair& pair : edited_candidates(looks, tree, policy, is_asked_for))
      group_pairs.insert(pair);

  std::vector<IndexPair> file_pairs;
  for (const auto& [first, second] : group_pairs)
    file_pairs.emplace_back(groups[first][0], groups[second][0]);
  const auto comparisons = compare(file_pairs);
  std::size_t n = 0;
  for (const auto& [first, second] : group_pairs) {
    const auto& comparison = comparisons[n++];
    if (!comparison) continue;
    for (const std::size_t i : groups[first])
      for (const std::size_t j : groups[second]) relate(i, j, comparison);
  }
  if (companions) {
    companions->two_forms += counts.two_forms;
    companions->series += counts.series;
  }
  return found;
}

}  // namespace imgdedup::batch
