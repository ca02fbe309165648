// SPDX-License-Identifier: Apache-2.0
#include "matching/explanation.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <string_view>

using namespace imgdedup::matching;

namespace {

ExplainedFile picture(std::int64_t id) {
  ExplainedFile file;
  file.record.file_id = id;
  file.record.path = "/p/" + std::string(static_cast<std::size_t>(id), 'x') + ".jpg";
  file.record.stamp.device = 1;
  file.record.stamp.inode = static_cast<std::uint64_t>(id);
  file.record.fingerprint.content_digest.bytes[0] = static_cast<std::uint8_t>(id);
  file.record.fingerprint.width_pixels = 640;
  file.record.fingerprint.height_pixels = 480;
  file.record.fingerprint.detail = 10;
  file.situation.is_catalogued = true;
  return file;
}

ExplainedFile held_against(ExplainedFile file, std::int64_t original, std::int64_t decision) {
  file.situation.decision_id = decision;
  file.situation.original_file_id = original;
  file.situation.original_path = "/p/other.jpg";
  return file;
}

Comparison alike(const ExplainedFile& a, const ExplainedFile& b) {
  Comparison comparison;
  comparison.left_digest = a.record.fingerprint.content_digest;
  comparison.right_digest = b.record.fingerprint.content_digest;
  comparison.ssim = comparison.lowest_tile_ssim = 0.97;
  return comparison;
}

Explanation explained(const ExplainedFile& a, const ExplainedFile& b, const Policy& policy = {}) {
  return explain(a, b, alike(a, b), false, policy);
}

const ExplanationStep* step(const Explanation& explanation, StepKind kind) {
  for (const ExplanationStep& each : explanation.steps)
    if (each.kind == kind) return &each;
  return nullptr;
}

StepKind deciding_step(const Explanation& explanation) {
  CHECK(std::count_if(explanation.steps.begin(), explanation.steps.end(),
                      [](const auto& each) { return each.decides; }) == 1);
  return std::find_if(explanation.steps.begin(), explanation.steps.end(),
                      [](const auto& each) { return each.decides; })
      ->kind;
}

MeasureRow row(const Explanation& explanation, std::string_view measure) {
  for (const MeasureRow& each : explanation.measures)
    if (each.measure == measure) return each;
  FAIL("no measure ", measure);
  return {};
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace

TEST_CASE("every measure of near is listed with the threshold it is held against") {
  const ExplainedFile a = picture(1);
  ExplainedFile b = picture(2);
  b.record.fingerprint.hashes.dhash.bits = 0b111;
  Policy policy;
  policy.hash_kind = HashKind::dhash;
  policy.radius_bits = 2;
  const Explanation explanation = explained(a, b, policy);
  CHECK(row(explanation, "dhash_distance_bits").value == 3);
  CHECK(row(explanation, "dhash_distance_bits").threshold == 2);
  CHECK(row(explanation, "dhash_distance_bits").passes == false);
  CHECK(!row(explanation, "phash_distance_bits").threshold);
  for (const MeasureCheck& check :
       near_checks(alike(a, b), a.record.fingerprint, b.record.fingerprint)) {
    CAPTURE(check.measure);
    const MeasureRow listed = row(explanation, check.measure);
    CHECK(listed.value == check.value);
    CHECK(listed.threshold == check.threshold);
    CHECK(listed.passes == check.passes());
  }
  CHECK(row(explanation, "detail_a").threshold == detail_check(a.record.fingerprint).threshold);
  CHECK(!row(explanation, "tone_difference").passes);
  CHECK(!explanation.verdict);
  CHECK(contains(explanation.steps.back().text, "not near, by dhash_distance_bits"));
}

TEST_CASE("a pair confirms near exactly when every row needed for near passes") {
  ExplainedFile a = picture(1), b = picture(2);
  for (int trial = 0; trial < 256; ++trial) {
    Comparison comparison = alike(a, b);
    if (trial & 1) comparison.ssim = 0.8;
    if (trial & 2) comparison.lowest_tile_ssim = 0.85;
    if (trial & 4) comparison.aspect_ratio_quotient = 1.5;
    if (trial & 8) comparison.aspect_ratio_quotient = 3;
    if (trial & 16) comparison.colour_difference = 31;
    b.record.fingerprint.detail = trial & 32 ? 1 : 10;
    a.record.fingerprint.detail = trial & 128 ? 2.8F : 10;
    b.record.fingerprint.hashes.phash.bits = trial & 64 ? 0xFFF : 0;
    const Explanation explanation = explain(a, b, comparison, false, Policy{});
    const bool all_pass = std::all_of(
        explanation.measures.begin(), explanation.measures.end(),
        [](const MeasureRow& each) { return each.relation != Relation::near || *each.passes; });
    CAPTURE(trial);
    CHECK(explanation.verdict.has_value() == all_pass);
  }
}

TEST_CASE("what could not be compared has rows without values") {
  const Explanation explanation = explain(picture(1), picture(2), std::nullopt, false, Policy{});
  CHECK(!row(explanation, "ssim").value);
  CHECK(!row(explanation, "ssim").passes);
  CHECK(row(explanation, "ssim").threshold);
  CHECK(contains(explanation.steps.back().text, "could not be compared"));
}

TEST_CASE("one step decides, and none follows that was not reached") {
  ExplainedFile alias = picture(2);
  alias.record.stamp = picture(1).record.stamp;
  CHECK(deciding_step(explained(picture(1), alias)) == StepKind::one_inode);
  const Explanation distinct =
      explain(picture(1), picture(2), alike(picture(1), picture(2)), true, Policy{});
  CHECK(deciding_step(distinct) == StepKind::declared_distinct);
  CHECK(!step(distinct, StepKind::relation));
  CHECK(deciding_step(explained(picture(1), picture(2))) == StepKind::relation);
  ExplainedFile raw = picture(1), jpeg = picture(2);
  raw.record.path = "/p/shot.cr2";
  jpeg.record.path = "/p/shot.jpg";
  const Explanation companions = explained(raw, jpeg);
  CHECK(deciding_step(companions) == StepKind::companion);
  CHECK(!step(companions, StepKind::keep));
  CHECK(contains(companions.conclusion, "no duplicates"));
}

TEST_CASE("which of the two would stay is said with the reason that decides it") {
  const auto reason = [](const ExplainedFile& a, const ExplainedFile& b, KeepRule keep) {
    Policy policy;
    policy.keep = keep;
    return step(explained(a, b, policy), StepKind::keep)->text;
  };
  const ExplainedFile a = picture(1);
  CHECK(reason(a, picture(2), KeepRule::first) ==
        "A would stay: keep: first, and it was seen first");
  CHECK(reason(picture(2), a, KeepRule::first).starts_with("B would stay"));
  ExplainedFile safe = picture(2);
  safe.record.is_protected = true;
  CHECK(reason(a, safe, KeepRule::first) == "B would stay: it lies in a protected folder");
  ExplainedFile wide = picture(2);
  wide.record.fingerprint.width_pixels = 1280;
  CHECK(reason(a, wide, KeepRule::largest) ==
        "B would stay: keep: largest, and it has more pixels");
  ExplainedFile heavy = picture(2);
  heavy.record.fingerprint.size_bytes = 10;
  CHECK(contains(reason(a, heavy, KeepRule::largest), "more bytes"));
  ExplainedFile old = picture(2);
  old.record.stamp.mtime_ns = -5;
  CHECK(contains(reason(a, old, KeepRule::oldest), "B would stay: keep: oldest, and it was mod"));
  CHECK(contains(reason(a, picture(2), KeepRule::oldest), "they are equal in that"));
}

TEST_CASE("a milder action is said with its reason") {
  Policy policy;
  policy.actions.fill(Action::quarantine);
  ExplainedFile linked = picture(2);
  linked.record.hard_links = 2;
  const Explanation explanation = explained(picture(1), linked, policy);
  CHECK(contains(step(explanation, StepKind::action)->text, "actions.near is quarantine"));
  CHECK(contains(step(explanation, StepKind::limit)->text, "hard-linked"));
  CHECK(explanation.verdict->action == Action::log);
  CHECK(!step(explained(picture(1), picture(2), policy), StepKind::limit));
}

TEST_CASE("whether the catalog says so too, and if not, why") {
  const ExplainedFile a = picture(1);
  const auto in_force = [&](const ExplainedFile& b) {
    return step(explained(a, b), StepKind::in_force)->text;
  };
  const Explanation held = explained(a, held_against(picture(2), 1, 7));
  CHECK(held.decision_in_force == 7);
  CHECK(held.conclusion == "B is a duplicate of A (near): it is logged and stays");
  ExplainedFile away = held_against(picture(2), 1, 7);
  away.situation.decision_state = DecisionState::quarantined;
  CHECK(contains(explained(a, away).conclusion, "lies in quarantine"));
  CHECK(in_force(held_against(picture(2), 3, 8)) ==
        "not in force: B is held against another original, /p/other.jpg");
  ExplainedFile b = picture(2);
  b.situation.is_catalogued = false;
  CHECK(contains(in_force(b), "B is not in the catalog"));
  b = picture(2);
  b.situation.state = FileState::pending;
  CHECK(contains(in_force(b), "B waits for its decision"));
  b = picture(2);
  b.situation.restored = true;
  CHECK(contains(in_force(b), "restored from quarantine"));
  b = picture(2);
  b.situation.has_changed = true;
  CHECK(contains(in_force(b), "has changed"));
  CHECK(contains(in_force(picture(2)), "other settings"));
  const Explanation reversed = explained(held_against(picture(1), 2, 9), picture(2));
  CHECK(reversed.decision_in_force == 9);
  CHECK(contains(reversed.conclusion, "the other way round"));
}

TEST_CASE("what only a network takes for alike is told so, with the cosine and its bound") {
  ExplainedFile a = picture(1), b = picture(2);
  Comparison comparison = alike(a, b);
  comparison.ssim = comparison.lowest_tile_ssim = 0.1;
  Policy policy;
  policy.min_similarity = 0.9;
  policy.actions[static_cast<std::size_t>(Relation::near)] = Action::quarantine;
  const Explanation explanation = explain(a, b, comparison, false, policy, 0.95);
  REQUIRE(explanation.verdict);
  CHECK(explanation.verdict->action == Action::log);
  CHECK(explanation.verdict->action_limit == ActionLimit::similarity);
  CHECK(deciding_step(explanation) == StepKind::relation);
  CHECK_FALSE(step(explanation, StepKind::keep));
  CHECK(explanation.conclusion.find("look alike to the network") != std::string::npos);
  const auto row_of = [](const Explanation& of) -> const MeasureRow* {
    for (const MeasureRow& row : of.measures)
      if (row.measure == "similarity") return &row;
    return nullptr;
  };
  const MeasureRow* row = row_of(explanation);
  REQUIRE(row);
  CHECK(row->value == 0.95);
  CHECK(row->threshold == 0.9);
  CHECK(row->bound == Bound::at_least);
  CHECK(row->passes == true);
  const Explanation below = explain(a, b, comparison, false, policy, 0.8);
  CHECK_FALSE(below.verdict);
  CHECK(row_of(below)->passes == false);
  CHECK_FALSE(row_of(explain(a, b, comparison, false, policy))->value);
  CHECK_FALSE(row_of(explain(a, b, comparison, false, Policy{}, 0.95)));
}
