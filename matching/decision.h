// SPDX-License-Identifier: Apache-2.0
// decide(): a file, the originals it resembles, the policy -> original or duplicate of which. The
// only place that says "duplicate".
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "matching/companion.h"
#include "matching/image_record.h"
#include "matching/policy.h"
#include "matching/relation.h"

namespace imgdedup::matching {

/// One original that the judged file was held against, with the measures that were taken.
struct Candidate {
  ImageRecord original;
  std::optional<Comparison> comparison;   ///< absent where the digests are equal
  bool declared_distinct = false;         ///< the owner said that these two are no duplicates
  std::optional<double> similarity = {};  ///< cosine of the embeddings, where both have one
};

/// Why a decision's action is milder than the policy's.
enum class ActionLimit : std::uint8_t {
  none,
  protected_root,  ///< the file lies in a root with `protect: true`
  hard_linked,     ///< moving one of several names of an inode gains nothing
  raw_and_jpeg,    ///< not a copy: two forms of one shot
  sidecar,         ///< not a copy: a thumbnail that belongs to another file
  burst,           ///< not a copy: two shots of one series
  similarity,      ///< not shown to be a copy: only a network takes the two for alike
  live_photo,      ///< the film that belongs to it would stay behind
};
inline constexpr ActionLimit last_action_limit = ActionLimit::live_photo;

/// "", "protected", "hard-linked", "raw+jpeg", "sidecar", "burst", "similarity", "live-photo".
std::string_view name_of(ActionLimit limit);
std::optional<ActionLimit> action_limit_from_name(std::string_view name);

/// What the two belong together as, where the limit says that neither is a copy of the other.
std::optional<CompanionKind> companion_of(ActionLimit limit);
/// Whether a decision with this limit does not show a copy: the file stays an original, and others
/// are still held against it.
bool leaves_original(ActionLimit limit);

/// That a file is a duplicate, of what, why, and what is to be done.
struct DuplicateVerdict {
  std::int64_t original_file_id = 0;
  Relation relation = Relation::exact;
  Evidence evidence;
  Action action = Action::log;
  ActionLimit action_limit = ActionLimit::none;

  bool operator==(const DuplicateVerdict&) const = default;
};

/// The outcome for one file. Exactly one of: a duplicate; or an original, which may displace
/// originals that are worse by the keep rule (they and their duplicates are then judged anew).
struct Verdict {
  std::optional<DuplicateVerdict> duplicate;
  std::vector<std::int64_t> displaced_file_ids;  ///< best first by the keep rule
  /// Originals seen after this one, which stays an original as well, that belong to it without
  /// being copies: such a decision is theirs, and they may have been judged before it was known.
  std::vector<std::int64_t> later_file_ids;  ///< ascending

  bool operator==(const Verdict&) const = default;
};

/// What makes two pictures related.
enum class Ground : std::uint8_t {
  look,        ///< the bytes, or both pictures looked at together
  similarity,  ///< the embeddings alone: always `near`
};

/// Whether two embeddings with this cosine are similar enough for the policy.
bool is_similar(double similarity, const Policy& policy);

/// How `file` relates to `candidate.original`, and the evidence; empty if it does not. Two names
/// of one inode never relate. A comparison of other contents than these two counts for nothing, and
/// so does one that finds the same pixels in pictures of different sizes.
struct RelationFound {
  Relation relation = Relation::exact;
  Evidence evidence;
  Ground ground = Ground::look;

  bool operator==(const RelationFound&) const = default;
};
std::optional<RelationFound> relation_between(const ImageRecord& file, const Candidate& candidate,
                                              const Policy& policy);

/// What makes one file of two the original.
enum class RankReason : std::uint8_t { protected_root, more_pixels, more_bytes, older, seen_first };

struct Ranking {
  bool first_wins = false;
  RankReason reason = RankReason::seen_first;
};

/// Which of two files is the original of a group that holds both, and why: protected files first,
/// then the keep rule, then the file seen first. A strict order over distinct file ids.
Ranking rank(const ImageRecord& a, const ImageRecord& b, KeepRule keep);
/// Whether rank() says `a`.
bool outranks(const ImageRecord& a, const ImageRecord& b, KeepRule keep);

/// Judges `file` against `candidates`, all of them originals. It is a duplicate if one that it
/// resembles outranks it: of several such, the one with the strongest relation counts, then the
/// smallest distance (for `edited` the most inliers), then the highest SSIM, then the better rank.
/// If none does, it is an original and displaces those that it resembles. Companions (see
/// matching/companion.h) neither make a duplicate nor are displaced: where there is no more to say,
/// a file gets a decision against the best of those seen before it, which only logs and says what
/// they are. The same goes, after them, for originals that resemble it on the ground of similarity
/// alone. Pure; throws nothing but std::bad_alloc.
Verdict decide(const ImageRecord& file, std::span<const Candidate> candidates,
               const Policy& policy);

}  // namespace imgdedup::matching
