// SPDX-License-Identifier: Apache-2.0
// Measured files -> which has which duplicates.
#include "batch/search.h"

#include <algorithm>
#include <unordered_map>

#include "matching/bk_tree.h"
#include "matching/decision.h"
#include "matching/near_confirmation.h"

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
  std::vector<BkTree::Entry> entries;
  for (const auto& [name, hash] : encodings) {
    entries.push_back({hash, static_cast<BkTree::Id>(names.size())});
    names.push_back(&found.try_emplace(name).first->first);
  }
  const BkTree tree = BkTree::build(entries);
  for (const auto& entry : entries)
    for (const auto& match : tree.within(entry.hash, max_distance_bits))
      if (match.id > entry.id)
        add_pair(found, *names[entry.id], *names[match.id], match.distance_bits);
  return found;
}

FoundMap find_by_content(std::span<const ImageRecord> files) {
  FoundMap found = keys_of(files);
  for (const auto& group : group_by_content(files))
    for_each_pair(group, [&](std::size_t i, std::size_t j) {
      add_pair(found, files[i].path, files[j].path, 0);
    });
  return found;
}

FoundMap find_by_judgement(std::span<const ImageRecord> files, const matching::Policy& policy,
                           const Compare& compare) {
  FoundMap found = keys_of(files);
  const auto relate = [&](std::size_t i, std::size_t j,
                          const std::optional<matching::Comparison>& comparison) {
    const auto relation = relation_between(files[j], {files[i], comparison, false}, policy);
    if (relation)
      add_pair(found, files[i].path, files[j].path, relation->evidence.distance_bits.value_or(0));
  };

  const auto groups = group_by_content(files);
  std::vector<BkTree::Entry> entries;
  for (std::size_t group = 0; group < groups.size(); ++group) {
    for_each_pair(groups[group], [&](std::size_t i, std::size_t j) { relate(i, j, std::nullopt); });
    entries.push_back({files[groups[group][0]].fingerprint.hashes.of(policy.hash_kind),
                       static_cast<BkTree::Id>(group)});
  }

  std::vector<IndexPair> group_pairs;
  std::vector<IndexPair> file_pairs;
  const BkTree tree = BkTree::build(entries);
  for (const auto& entry : entries)
    for (const auto& match : tree.within(entry.hash, policy.radius_bits)) {
      if (match.id <= entry.id) continue;
      const IndexPair pair{groups[entry.id][0], groups[match.id][0]};
      if (!worth_comparing(files[pair.first].fingerprint, files[pair.second].fingerprint, policy))
        continue;
      group_pairs.emplace_back(entry.id, match.id);
      file_pairs.push_back(pair);
    }

  const auto comparisons = compare(file_pairs);
  for (std::size_t n = 0; n < group_pairs.size(); ++n) {
    if (!comparisons[n]) continue;
    for (const std::size_t i : groups[group_pairs[n].first])
      for (const std::size_t j : groups[group_pairs[n].second]) relate(i, j, comparisons[n]);
  }
  return found;
}

}  // namespace imgdedup::batch
