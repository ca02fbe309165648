// SPDX-License-Identifier: Apache-2.0
// The steps from two files to what they are to each other, in words.
#include "matching/explanation.h"

#include <algorithm>
#include <utility>

#include "matching/name_table.h"

namespace imgdedup::matching {
namespace {

constexpr NameTable<StepKind, 8> step_kinds{{"one-inode", "declared-distinct", "relation",
                                             "companion", "keep", "action", "limit", "in-force"}};

std::string letter(Side side) { return std::string(name_of(side)); }
Side other(Side side) { return side == Side::a ? Side::b : Side::a; }

std::string relation_text(Relation relation) {
  switch (relation) {
    case Relation::exact:
      return "exact: the same bytes";
    case Relation::pixels:
      return "pixels: other bytes, the same decoded picture";
    case Relation::near:
      return "near: the same picture re-encoded, resized or lightly toned";
    case Relation::edited:
      return "edited: the same picture cropped, turned, framed or captioned";
  }
  return "";
}

std::string rank_text(const Ranking& ranking, KeepRule keep, Side kept) {
  std::string text = letter(kept) + " would stay: ";
  if (ranking.reason == RankReason::protected_root) return text + "it lies in a protected folder";
  if (keep != KeepRule::first) text += "keep: " + std::string(name_of(keep)) + ", and ";
  switch (ranking.reason) {
    case RankReason::protected_root:
      break;
    case RankReason::more_pixels:
      return text + "it has more pixels";
    case RankReason::more_bytes:
      return text + "it has as many pixels and more bytes";
    case RankReason::older:
      return text + "it was modified earlier";
    case RankReason::seen_first:
      break;
  }
  return text + (keep == KeepRule::first ? "keep: first, and it was seen first"
                                         : "they are equal in that; it was seen first");
}

/// Why the measures give no relation.
std::string reasons_against(const std::vector<MeasureRow>& measures, const Policy& policy,
                            bool was_compared) {
  if (!was_compared) return "no relation: the two could not be compared";
  const auto failed_for = [&](Relation relation) {
    std::string failed;
    for (const MeasureRow& row : measures)
      if (row.relation == relation && row.passes == false)
        failed += (failed.empty() ? "" : ", ") + row.measure;
    return failed;
  };
  std::string text = "no relation: other bytes, other pixels, ";
  text += policy.near_enabled ? "not near, by " + failed_for(Relation::near) : "detect.near is off";
  if (!policy.edited_enabled) return text + ", and detect.edited is off";
  const bool was_seen = std::any_of(measures.begin(), measures.end(), [](const MeasureRow& row) {
    return row.relation == Relation::edited;
  });
  if (!was_seen) return text + ", and nothing of one was seen in the other";
  const std::string failed = failed_for(Relation::edited);
  return text + (failed.empty() ? ", and not edited: one holds too little detail to tell"
                                : ", and not edited, by " + failed);
}

/// Walks the steps; each adds its sentence and says whether the way goes on.
class Walk {
 public:
  Walk(const ExplainedFile& a, const ExplainedFile& b, const std::optional<Comparison>& comparison,
       bool declared_distinct, const Policy& policy, std::optional<double> similarity)
      : a_(a), b_(b), policy_(policy), declared_distinct_(declared_distinct) {
    explanation_.measures = measures_between(a.record.fingerprint, b.record.fingerprint, comparison,
                                             policy, similarity);
    const Candidate held_against_a{a.record, comparison, declared_distinct, similarity};
    const Candidate held_against_b{b.record, comparison, declared_distinct, similarity};
    was_compared_ = comparison.has_value();
    found_ = relation_between(b.record, held_against_a, policy);
    explanation_.verdict = decide(b.record, {&held_against_a, 1}, policy).duplicate;
    explanation_.duplicate = Side::b;
    if (explanation_.verdict || !found_) return;
    explanation_.verdict = decide(a.record, {&held_against_b, 1}, policy).duplicate;
    explanation_.duplicate = Side::a;
  }

  Explanation walk() {
    if (say_whether_one_inode() || say_whether_distinct() || say_relation()) {
      say_whether_in_force();
      return std::move(explanation_);
    }
    if (!say_whether_companions() && !rests_on_similarity_) say_who_stays();
    say_action();
    say_whether_in_force();
    conclude();
    return std::move(explanation_);
  }

 private:
  [[nodiscard]] const ExplainedFile& file(Side side) const { return side == Side::a ? a_ : b_; }

  void add(StepKind kind, std::string text, bool decides = false) {
    explanation_.steps.push_back({kind, decides, std::move(text)});
  }
  bool settle(StepKind kind, std::string text, std::string conclusion) {
    add(kind, std::move(text), true);
    explanation_.conclusion = std::move(conclusion);
    return true;
  }

  bool say_whether_one_inode() {
    if (same_inode(a_.record.stamp, b_.record.stamp))
      return settle(StepKind::one_inode, "they are two names of one file (hard link or alias)",
                    "A and B are two names of one file: never duplicates of each other");
    add(StepKind::one_inode, "they are two files, not two names of one");
    return false;
  }

  bool say_whether_distinct() {
    if (declared_distinct_)
      return settle(StepKind::declared_distinct, "their owner declared these two contents distinct",
                    "A and B are no duplicates of each other, because their owner said so; "
                    "`distinct --undo` takes it back");
    add(StepKind::declared_distinct, "nobody declared them distinct");
    return false;
  }

  bool say_relation() {
    if (!found_)
      return settle(StepKind::relation,
                    reasons_against(explanation_.measures, policy_, was_compared_),
                    "A and B are no duplicates of each other");
    const auto kind = companion_kind(a_.record, b_.record, found_->relation);
    explanation_.companion = kind;
    rests_on_similarity_ = !kind && found_->ground == Ground::similarity;
    add(StepKind::relation,
        rests_on_similarity_ ? "near by similarity alone: a network takes the two for alike, which "
                               "does not show a copy; both stay"
                             : relation_text(found_->relation),
        !kind);
    return false;
  }

  bool say_whether_companions() {
    if (!explanation_.companion) {
      add(StepKind::companion, "names and times do not show that they belong together");
      return false;
    }
    add(StepKind::companion,
        std::string(name_of(*explanation_.companion)) + ": names and times show " +
            std::string(describe(*explanation_.companion)) + "; both stay",
        true);
    return true;
  }

  void say_who_stays() {
    const Side kept = other(explanation_.duplicate);
    const Ranking ranking =
        rank(file(kept).record, file(explanation_.duplicate).record, policy_.keep);
    add(StepKind::keep, rank_text(ranking, policy_.keep, kept));
  }

  void say_action() {
    const DuplicateVerdict& verdict = *explanation_.verdict;
    add(StepKind::action, "actions." + std::string(name_of(verdict.relation)) + " is " +
                              std::string(name_of(policy_.action_for(verdict.relation))));
    if (verdict.action_limit == ActionLimit::none) return;
    std::string why = std::string(name_of(verdict.action_limit)) + ": ";
    if (explanation_.companion)
      why += "companions are logged and never moved";
    else if (rests_on_similarity_)
      why += "what rests on the embeddings alone is logged and never moved";
    else if (verdict.action_limit == ActionLimit::live_photo)
      why += "the film of that name beside " + letter(explanation_.duplicate) +
             " would stay behind, so it is only logged";
    else if (verdict.action_limit == ActionLimit::protected_root)
      why += letter(explanation_.duplicate) + " lies in a protected folder and is only logged";
    else
      why += letter(explanation_.duplicate) +
             " has several names; moving one gains nothing, so it is only logged";
    add(StepKind::limit, std::move(why));
  }

  /// The decision in force on `side` if it holds the file against the other one.
  [[nodiscard]] std::optional<std::int64_t> decision_of(Side side) const {
    const CatalogSituation& situation = file(side).situation;
    if (situation.decision_id && situation.original_file_id == file(other(side)).record.file_id)
      return situation.decision_id;
    return std::nullopt;
  }

  void say_whether_in_force() {
    for (const Side side : {Side::a, Side::b}) {
      const auto id = decision_of(side);
      if (!id) continue;
      explanation_.decision_in_force = id;
      std::string text = "in force: decision " + std::to_string(*id) + " (" +
                         std::string(name_of(file(side).situation.decision_state)) +
                         ") says that " + letter(side) + " is a duplicate of " +
                         letter(other(side));
      const bool agrees = explanation_.verdict && explanation_.duplicate == side;
      if (!agrees) text += "; it was taken under other settings than today's, and stands";
      add(StepKind::in_force, std::move(text));
      return;
    }
    if (explanation_.verdict) add(StepKind::in_force, "not in force: " + why_not_in_force());
  }

  [[nodiscard]] std::string why_not_in_force() const {
    const Side duplicate = explanation_.duplicate;
    if (decision_of(other(duplicate))) return "the decision in force is the other way round";
    for (const Side side : {duplicate, other(duplicate)}) {
      const CatalogSituation& situation = file(side).situation;
      if (!situation.is_catalogued) return letter(side) + " is not in the catalog";
      if (situation.has_changed)
        return letter(side) + " has changed since it was judged and waits for its decision";
      if (situation.state == FileState::pending) return letter(side) + " waits for its decision";
      if (situation.state != FileState::judged)
        return letter(side) + " is " + std::string(name_of(situation.state)) + " in the catalog";
      if (situation.restored)
        return letter(side) + " was restored from quarantine and is left alone until it changes";
      if (situation.decision_id)
        return letter(side) + " is held against another original, " + situation.original_path;
    }
    return "they were judged under other settings than today's";
  }

  void conclude() {
    const DuplicateVerdict& verdict = *explanation_.verdict;
    if (explanation_.companion) {
      explanation_.conclusion = "A and B are no duplicates but " +
                                std::string(describe(*explanation_.companion)) +
                                ": both stay, and it is logged";
      return;
    }
    if (rests_on_similarity_) {
      explanation_.conclusion =
          "A and B look alike to the network, and neither is shown to be a copy: both stay, and it "
          "is logged";
      return;
    }
    const Side duplicate = explanation_.duplicate;
    const std::string what = " a duplicate of " + letter(other(duplicate)) + " (" +
                             std::string(name_of(verdict.relation)) + ")";
    const bool is_moved = verdict.action == Action::quarantine;
    if (decision_of(duplicate)) {
      const bool is_away = file(duplicate).situation.decision_state == DecisionState::quarantined;
      explanation_.conclusion = letter(duplicate) + " is" + what + ": " +
                                (is_away    ? "it lies in quarantine"
                                 : is_moved ? "it goes to quarantine"
                                            : "it is logged and stays");
      return;
    }
    explanation_.conclusion = letter(duplicate) + " would be" + what + " and " +
                              (is_moved ? "go to quarantine" : "be logged and stay") +
                              ", but that is not in force: " + why_not_in_force();
  }

  const ExplainedFile& a_;
  const ExplainedFile& b_;
  const Policy& policy_;
  bool declared_distinct_;
  bool was_compared_ = false;
  bool rests_on_similarity_ = false;
  std::optional<RelationFound> found_;
  Explanation explanation_;
};

}  // namespace

std::string_view name_of(Side side) { return side == Side::a ? "A" : "B"; }
std::string_view name_of(StepKind kind) { return step_kinds.name_of(kind); }
std::optional<StepKind> step_kind_from_name(std::string_view name) {
  return step_kinds.from_name(name);
}

Explanation explain(const ExplainedFile& a, const ExplainedFile& b,
                    const std::optional<Comparison>& comparison, bool declared_distinct,
                    const Policy& policy, std::optional<double> similarity) {
  return Walk(a, b, comparison, declared_distinct, policy, similarity).walk();
}

}  // namespace imgdedup::matching
