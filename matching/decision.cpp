// SPDX-License-Identifier: Apache-2.0
// decide(): the only place that says "duplicate".
#include "matching/decision.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "matching/near_confirmation.h"

namespace imgdedup::matching {
namespace {

std::uint64_t pixel_count(const ImageRecord& record) {
  return std::uint64_t{record.fingerprint.width_pixels} * record.fingerprint.height_pixels;
}

bool same_size(const ImageRecord& a, const ImageRecord& b) {
  return a.fingerprint.width_pixels == b.fingerprint.width_pixels &&
         a.fingerprint.height_pixels == b.fingerprint.height_pixels;
}

/// Whether the bytes that were compared are those of `a` and `b`, either way round.
bool is_about(const Comparison& comparison, const ImageRecord& a, const ImageRecord& b) {
  const auto compared = std::tie(comparison.left_digest, comparison.right_digest);
  return compared == std::tie(a.fingerprint.content_digest, b.fingerprint.content_digest) ||
         compared == std::tie(b.fingerprint.content_digest, a.fingerprint.content_digest);
}

/// Orders what was found: smaller is the better hold for a decision.
auto strength(const RelationFound& found) {
  return std::tuple(found.relation, found.evidence.distance_bits.value_or(0),
                    -found.evidence.ssim.value_or(1.0));
}

}  // namespace

std::string_view name_of(ActionLimit limit) {
  switch (limit) {
    case ActionLimit::none:
      return "";
    case ActionLimit::protected_root:
      return "protected";
    case ActionLimit::hard_linked:
      return "hard-linked";
  }
  return "";
}

std::optional<RelationFound> relation_between(const ImageRecord& file, const Candidate& candidate,
                                              const Policy& policy) {
  const ImageRecord& original = candidate.original;
  if (file.file_id == original.file_id || same_inode(file.stamp, original.stamp))
    return std::nullopt;
  if (candidate.declared_distinct) return std::nullopt;

  Evidence evidence;
  evidence.distance_bits = hamming_distance(file.fingerprint.hashes.of(policy.hash_kind),
                                            original.fingerprint.hashes.of(policy.hash_kind));
  if (file.fingerprint.content_digest == original.fingerprint.content_digest)
    return RelationFound{Relation::exact, evidence};
  if (!candidate.comparison || !is_about(*candidate.comparison, file, original))
    return std::nullopt;

  evidence.ssim = candidate.comparison->ssim;
  if (candidate.comparison->same_pixels && same_size(file, original))
    return RelationFound{Relation::pixels, evidence};
  if (policy.near_enabled && *evidence.distance_bits <= policy.radius_bits &&
      has_enough_detail(file.fingerprint) && has_enough_detail(original.fingerprint) &&
      confirms_near(*candidate.comparison))
    return RelationFound{Relation::near, evidence};
  return std::nullopt;
}

bool outranks(const ImageRecord& a, const ImageRecord& b, KeepRule keep) {
  if (a.is_protected != b.is_protected) return a.is_protected;
  switch (keep) {
    case KeepRule::first:
      break;
    case KeepRule::largest: {
      const auto size_of = [](const ImageRecord& record) {
        return std::pair(pixel_count(record), record.fingerprint.size_bytes);
      };
      if (size_of(a) != size_of(b)) return size_of(a) > size_of(b);
      break;
    }
    case KeepRule::oldest:
      if (a.stamp.mtime_ns != b.stamp.mtime_ns) return a.stamp.mtime_ns < b.stamp.mtime_ns;
      break;
  }
  return a.file_id < b.file_id;
}

Verdict decide(const ImageRecord& file, std::span<const Candidate> candidates,
               const Policy& policy) {
  const Candidate* best = nullptr;
  std::optional<RelationFound> best_found;
  std::vector<const ImageRecord*> displaced;
  for (const Candidate& candidate : candidates) {
    const auto found = relation_between(file, candidate, policy);
    if (!found) continue;
    // However strongly it resembles a worse original, a better one makes the file a duplicate.
    if (outranks(file, candidate.original, policy.keep)) {
      displaced.push_back(&candidate.original);
      continue;
    }
    if (!best || strength(*found) < strength(*best_found) ||
        (strength(*found) == strength(*best_found) &&
         outranks(candidate.original, best->original, policy.keep))) {
      best = &candidate;
      best_found = found;
    }
  }

  Verdict verdict;
  if (!best) {
    std::sort(displaced.begin(), displaced.end(),
              [&](const auto* a, const auto* b) { return outranks(*a, *b, policy.keep); });
    for (const ImageRecord* original : displaced)
      verdict.displaced_file_ids.push_back(original->file_id);
    return verdict;
  }
  DuplicateVerdict& duplicate = verdict.duplicate.emplace();
  duplicate.original_file_id = best->original.file_id;
  duplicate.relation = best_found->relation;
  duplicate.evidence = best_found->evidence;
  duplicate.action = policy.action_for(duplicate.relation);
  if (duplicate.action == Action::quarantine) {
    if (file.is_protected)
      duplicate.action_limit = ActionLimit::protected_root;
    else if (file.hard_links > 1)
      duplicate.action_limit = ActionLimit::hard_linked;
    if (duplicate.action_limit != ActionLimit::none) duplicate.action = Action::log;
  }
  return verdict;
}

}  // namespace imgdedup::matching
