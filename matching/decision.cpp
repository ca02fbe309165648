// SPDX-License-Identifier: Apache-2.0
// decide(): the only place that says "duplicate".
#include "matching/decision.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "matching/companion.h"
#include "matching/edited_confirmation.h"
#include "matching/near_confirmation.h"
#include "matching/vector_matrix.h"

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
  if (found.ground == Ground::similarity)
    return std::tuple(found.ground, found.relation, -found.evidence.similarity.value_or(0.0), 0.0);
  // The hashes of edited copies say nothing about which is the better hold; what they share does.
  const int far = found.relation == Relation::edited ? -found.evidence.inliers.value_or(0)
                                                     : found.evidence.distance_bits.value_or(0);
  return std::tuple(found.ground, found.relation, static_cast<double>(far),
                    -found.evidence.ssim.value_or(1.0));
}

/// The best original that a file is held against, so far.
struct Hold {
  const Candidate* candidate = nullptr;
  RelationFound found;

  void take_if_better(const Candidate& other, const RelationFound& other_found, KeepRule keep) {
    const bool is_better = !candidate || strength(other_found) < strength(found) ||
                           (strength(other_found) == strength(found) &&
                            outranks(other.original, candidate->original, keep));
    if (!is_better) return;
    candidate = &other;
    found = other_found;
  }
};

ActionLimit limit_of(CompanionKind kind) {
  switch (kind) {
    case CompanionKind::raw_and_jpeg:
      return ActionLimit::raw_and_jpeg;
    case CompanionKind::sidecar:
      return ActionLimit::sidecar;
    case CompanionKind::burst:
      return ActionLimit::burst;
  }
  return ActionLimit::none;
}

/// Why `file` may not be moved as a duplicate of `original`.
ActionLimit limit_on(const ImageRecord& file, const ImageRecord& original,
                     const RelationFound& found, Action action) {
  if (const auto kind = companion_kind(file, original, found.relation)) return limit_of(*kind);
  if (found.ground == Ground::similarity) return ActionLimit::similarity;
  if (file.has_film) return ActionLimit::live_photo;
  if (action == Action::log) return ActionLimit::none;
  if (file.is_protected) return ActionLimit::protected_root;
  if (file.hard_links > 1) return ActionLimit::hard_linked;
  return ActionLimit::none;
}

DuplicateVerdict verdict_on(const ImageRecord& file, const ImageRecord& original,
                            const RelationFound& found, const Policy& policy) {
  DuplicateVerdict verdict;
  verdict.original_file_id = original.file_id;
  verdict.relation = found.relation;
  verdict.evidence = found.evidence;
  verdict.action = policy.action_for(found.relation);
  verdict.action_limit = limit_on(file, original, found, verdict.action);
  if (verdict.action_limit != ActionLimit::none) verdict.action = Action::log;
  return verdict;
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
    case ActionLimit::raw_and_jpeg:
      return name_of(CompanionKind::raw_and_jpeg);
    case ActionLimit::sidecar:
      return name_of(CompanionKind::sidecar);
    case ActionLimit::burst:
      return name_of(CompanionKind::burst);
    case ActionLimit::similarity:
      return "similarity";
    case ActionLimit::live_photo:
      return "live-photo";
  }
  return "";
}

std::optional<ActionLimit> action_limit_from_name(std::string_view name) {
  for (auto value = std::uint8_t{1}; value <= static_cast<std::uint8_t>(last_action_limit); ++value)
    if (const auto limit = static_cast<ActionLimit>(value); name_of(limit) == name) return limit;
  return std::nullopt;
}

std::optional<CompanionKind> companion_of(ActionLimit limit) {
  for (const auto kind :
       {CompanionKind::raw_and_jpeg, CompanionKind::sidecar, CompanionKind::burst})
    if (limit_of(kind) == limit) return kind;
  return std::nullopt;
}

bool leaves_original(ActionLimit limit) {
  return limit == ActionLimit::similarity || companion_of(limit).has_value();
}

bool is_similar(double similarity, const Policy& policy) {
  return policy.min_similarity && similarity + cosine_tolerance >= *policy.min_similarity;
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
  evidence.similarity = candidate.similarity;
  if (candidate.comparison->same_pixels && same_size(file, original))
    return RelationFound{Relation::pixels, evidence};
  if (policy.near_enabled && *evidence.distance_bits <= policy.radius_bits &&
      confirms_near(*candidate.comparison, file.fingerprint, original.fingerprint))
    return RelationFound{Relation::near, evidence};
  if (policy.edited_enabled && candidate.comparison->edit &&
      confirms_edited(*candidate.comparison->edit, file.fingerprint, original.fingerprint)) {
    const bool file_is_left = candidate.comparison->left_digest == file.fingerprint.content_digest;
    add_edit(evidence, *candidate.comparison->edit,
             file_is_left ? DuplicateSide::left : DuplicateSide::right);
    return RelationFound{Relation::edited, evidence};
  }
  if (candidate.similarity && is_similar(*candidate.similarity, policy) &&
      has_enough_detail(file.fingerprint) && has_enough_detail(original.fingerprint))
    return RelationFound{Relation::near, evidence, Ground::similarity};
  return std::nullopt;
}

Ranking rank(const ImageRecord& a, const ImageRecord& b, KeepRule keep) {
  if (a.is_protected != b.is_protected) return {a.is_protected, RankReason::protected_root};
  switch (keep) {
    case KeepRule::first:
      break;
    case KeepRule::largest: {
      if (pixel_count(a) != pixel_count(b))
        return {pixel_count(a) > pixel_count(b), RankReason::more_pixels};
      const std::uint64_t a_bytes = a.fingerprint.size_bytes, b_bytes = b.fingerprint.size_bytes;
      if (a_bytes != b_bytes) return {a_bytes > b_bytes, RankReason::more_bytes};
      break;
    }
    case KeepRule::oldest:
      if (a.stamp.mtime_ns != b.stamp.mtime_ns)
        return {a.stamp.mtime_ns < b.stamp.mtime_ns, RankReason::older};
      break;
  }
  return {a.file_id < b.file_id, RankReason::seen_first};
}

bool outranks(const ImageRecord& a, const ImageRecord& b, KeepRule keep) {
  return rank(a, b, keep).first_wins;
}

Verdict decide(const ImageRecord& file, std::span<const Candidate> candidates,
               const Policy& policy) {
  Hold hold, alongside;
  std::vector<const ImageRecord*> displaced;
  std::vector<std::int64_t> later_file_ids;
  for (const Candidate& candidate : candidates) {
    const auto found = relation_between(file, candidate, policy);
    if (!found) continue;
    if (found->ground == Ground::similarity ||
        companion_kind(file, candidate.original, found->relation)) {
      // Neither is the better one, so the order in which they were seen says whose decision it is.
      if (candidate.original.file_id < file.file_id)
        alongside.take_if_better(candidate, *found, policy.keep);
      else
        later_file_ids.push_back(candidate.original.file_id);
      continue;
    }
    // However strongly it resembles a worse original, a better one makes the file a duplicate.
    if (outranks(file, candidate.original, policy.keep))
      displaced.push_back(&candidate.original);
    else
      hold.take_if_better(candidate, *found, policy.keep);
  }

  Verdict verdict;
  std::sort(later_file_ids.begin(), later_file_ids.end());
  if (!hold.candidate) verdict.later_file_ids = std::move(later_file_ids);
  if (!hold.candidate && displaced.empty()) hold = alongside;
  if (!hold.candidate) {
    std::sort(displaced.begin(), displaced.end(),
              [&](const auto* a, const auto* b) { return outranks(*a, *b, policy.keep); });
    for (const ImageRecord* original : displaced)
      verdict.displaced_file_ids.push_back(original->file_id);
    return verdict;
  }
  verdict.duplicate = verdict_on(file, hold.candidate->original, hold.found, policy);
  return verdict;
}

}  // namespace imgdedup::matching
