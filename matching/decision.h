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
  std::optional<Comparison> comparison;  ///< absent where the digests are equal
  bool declared_distinct = false;        ///< the owner said that these two are no duplicates
};

/// Why a decision's action is milder than the policy's.
enum class ActionLimit : std::uint8_t {
  none,
  protected_root,  ///< the file lies in a root with `protect: true`
  hard_linked,     ///< moving one of several names of an inode gains nothing
  raw_and_jpeg,    ///< not a copy: two forms of one shot
  sidecar,         ///< not a copy: a thumbnail that belongs to another file
  burst,           ///< not a copy: two shots of one series
};
inline constexpr ActionLimit last_action_limit = ActionLimit::burst;

/// "", "protected", "hard-linked", "raw+jpeg", "sidecar", "burst".
std::string_view name_of(ActionLimit limit);
std::optional<ActionLimit> action_limit_from_name(std::string_view name);

/// What the two belong together as, where the limit says that neither is a copy of the other. A
/// file with such a decision stays an original: others are still held against it.
std::optional<CompanionKind> companion_of(ActionLimit limit);

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

  bool operator==(const Verdict&) const = default;
};

/// How `file` relates to `candidate.original`, and the evidence; empty if it does not. Two names
/// of one inode never relate. A comparison of other contents than these two counts for nothing, and
/// so does one that finds the same pixels in pictures of different sizes.
struct RelationFound {
  Relation relation = Relation::exact;
  Evidence evidence;

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
/// they are. Pure; throws nothing but std::bad_alloc.
Verdict decide(const ImageRecord& file, std::span<const Candidate> candidates,
               const Policy& policy);

}  // namespace imgdedup::matching
