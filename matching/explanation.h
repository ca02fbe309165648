// SPDX-License-Identifier: Apache-2.0
// explain(): every measure between two files, and the step that decides what they are.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "matching/companion.h"
#include "matching/decision.h"
#include "matching/decision_state.h"
#include "matching/near_confirmation.h"

namespace imgdedup::matching {

/// One measure between two files, for reading: value, threshold, whether it passes.
struct MeasureRow {
  std::string measure;          ///< "phash_distance_bits", "ssim", ...
  std::optional<double> value;  ///< empty: could not be taken
  std::optional<Bound> bound;   ///< empty: told for information, nothing rests on it
  std::optional<double> threshold;
  std::optional<bool> passes;        ///< empty without value or threshold
  std::optional<Relation> relation;  ///< which one it is needed for
  std::string note;                  ///< a phrase; may be empty

  bool operator==(const MeasureRow&) const = default;
};

/// Everything that is measured between two pictures, in the order of reading. The only such list:
/// thresholds come from the same functions that decide(). similarity: of the embeddings; told where
/// the policy asks for it.
std::vector<MeasureRow> measures_between(const Fingerprint& a, const Fingerprint& b,
                                         const std::optional<Comparison>& comparison,
                                         const Policy& policy,
                                         std::optional<double> similarity = std::nullopt);

/// What the catalog says of one of the files.
struct CatalogSituation {
  bool is_catalogued = false;
  FileState state = FileState::judged;
  bool has_changed = false;  ///< its bytes are not those it was judged by
  bool restored = false;     ///< taken out of quarantine: left alone until it changes
  std::optional<std::int64_t> decision_id;       ///< in force on it
  std::optional<std::int64_t> original_file_id;  ///< of that decision
  std::string original_path;                     ///< of that decision
  DecisionState decision_state = DecisionState::standing;
};

struct ExplainedFile {
  ImageRecord record;
  CatalogSituation situation;
};

enum class StepKind : std::uint8_t {
  one_inode,          ///< two names of one file?
  declared_distinct,  ///< by their owner?
  relation,           ///< which one do the measures give?
  companion,          ///< do names and times show that they belong together?
  keep,               ///< which of the two would stay?
  action,             ///< what do the settings say?
  limit,              ///< is it milder for this file?
  in_force,           ///< does the catalog hold such a decision?
};

/// "one-inode", "declared-distinct", "relation", "companion", "keep", "action", "limit",
/// "in-force".
std::string_view name_of(StepKind kind);
std::optional<StepKind> step_kind_from_name(std::string_view name);

/// One step on the way to the decision; the files are called A and B.
struct ExplanationStep {
  StepKind kind = StepKind::relation;
  bool decides = false;  ///< the one that settles what the two are to each other
  std::string text;      ///< a sentence without a full stop; paths in it are bytes

  bool operator==(const ExplanationStep&) const = default;
};

enum class Side : std::uint8_t { a, b };

/// "A", "B".
std::string_view name_of(Side side);

struct Explanation {
  std::vector<MeasureRow> measures;
  std::vector<ExplanationStep> steps;
  /// What decide() gives for the two alone, and whose decision it is. Empty: no relation.
  std::optional<DuplicateVerdict> verdict;
  Side duplicate = Side::b;  ///< with a verdict
  std::optional<CompanionKind> companion;
  std::optional<std::int64_t> decision_in_force;  ///< between these two, by id
  std::string conclusion;                         ///< one sentence
};

/// Explains what `a` and `b` are to each other, as if there were no other files, and whether the
/// catalog says so too. `comparison` is of the two contents; empty if it could not be made;
/// similarity the cosine of their embeddings, where both have one. The file ids say who was seen
/// first; those of files that are not in the catalog come after all others. Asks decide(), so it
/// never says anything else than what the service does. Pure.
Explanation explain(const ExplainedFile& a, const ExplainedFile& b,
                    const std::optional<Comparison>& comparison, bool declared_distinct,
                    const Policy& policy, std::optional<double> similarity = std::nullopt);

}  // namespace imgdedup::matching
