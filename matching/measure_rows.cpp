// SPDX-License-Identifier: Apache-2.0
// Every measure between two pictures as rows for reading.
#include "matching/edited_confirmation.h"
#include "matching/explanation.h"

namespace imgdedup::matching {
namespace {

MeasureRow row_of(const MeasureCheck& check, Relation relation) {
  MeasureRow row;
  row.measure = check.measure;
  row.value = check.value;
  row.bound = check.bound;
  row.threshold = check.threshold;
  row.passes = check.passes();
  row.relation = relation;
  return row;
}

void add_distances(std::vector<MeasureRow>& rows, const Fingerprint& a, const Fingerprint& b,
                   const Policy& policy) {
  for (const HashKind kind : {HashKind::ahash, HashKind::dhash, HashKind::phash, HashKind::whash}) {
    const int distance = hamming_distance(a.hashes.of(kind), b.hashes.of(kind));
    MeasureRow row;
    if (kind == policy.hash_kind)
      row = row_of({"", double(distance), Bound::at_most, double(policy.radius_bits)},
                   Relation::near);
    row.measure = std::string(name_of(kind)) + "_distance_bits";
    row.value = distance;
    row.note = kind == policy.hash_kind ? "the hash of the settings" : "not used by the settings";
    rows.push_back(std::move(row));
  }
}

void add_details(std::vector<MeasureRow>& rows, const Fingerprint& a, const Fingerprint& b) {
  for (const Fingerprint* picture : {&a, &b}) {
    MeasureRow row = row_of(detail_check(*picture), Relation::near);
    row.measure = picture == &a ? "detail_a" : "detail_b";
    row.note = "how much there is to judge by";
    rows.push_back(std::move(row));
  }
}

/// The cosine is another way to `near`, which none of the other rows is needed for but the detail.
void add_similarity(std::vector<MeasureRow>& rows, std::optional<double> similarity,
                    const Policy& policy) {
  MeasureRow& row = rows.emplace_back();
  row.measure = "similarity";
  row.value = similarity;
  row.bound = Bound::at_least;
  row.threshold = policy.min_similarity;
  if (similarity) row.passes = is_similar(*similarity, policy);
  row.relation = Relation::near;
  row.note = similarity ? "cosine of the embeddings; logs on its own, and never moves"
                        : "could not be taken";
}

std::string note_on(std::string_view measure, std::string_view stricter) {
  if (measure == "ssim") return "structure, after tones are fitted";
  if (measure == "lowest_tile_ssim")
    return "the worst of 64 tiles" +
           (stricter.empty() ? "" : "; stricter, as " + std::string(stricter));
  if (measure == "aspect_ratio_quotient") return "1: the same shape";
  if (measure == "colour_difference") return "in levels; a grey or paler copy has none";
  return "";
}

std::string note_on_edit(std::string_view measure) {
  if (measure == "inliers") return "local features that agree on one transform";
  if (measure == "overlap_ssim") return "structure of the part that both show";
  if (measure == "smaller_overlap") return "the smaller of the shares of A and B that both show";
  if (measure == "larger_overlap") return "the larger of these";
  if (measure == "stretch") return "how much more one direction is enlarged than another";
  if (measure == "overlap_detail") return "how much the common part holds to judge by";
  if (measure == "detail_ssim") return "the same, each place counting by its edges";
  if (measure == "fidelity") return "how much of what agrees is the same to the sample";
  return "";
}

/// What was seen of a transform from one to the other, if that was looked for.
void add_edit(std::vector<MeasureRow>& rows, const EditComparison& edit, const Fingerprint& a,
              const Fingerprint& b) {
  for (const MeasureCheck& check : edited_checks(edit, a, b)) {
    rows.push_back(row_of(check, Relation::edited));
    rows.back().note = note_on_edit(check.measure);
  }
  const auto add = [&](std::string measure, double value, std::string note) {
    MeasureRow& row = rows.emplace_back();
    row.measure = std::move(measure);
    row.value = value;
    row.note = std::move(note);
  };
  add("left_overlap", edit.left_overlap, "share of A that B shows");
  add("right_overlap", edit.right_overlap, "share of B that A shows");
  add("spread", edit.spread, "share of the common part in which features agree");
  add("scale", edit.scale, "enlargement from A to B");
  add("rotation_degrees", edit.rotation_degrees, "clockwise, from A to B");
  add("mirrored", edit.mirrored ? 1 : 0, "1: left and right are exchanged");
}

}  // namespace

std::vector<MeasureRow> measures_between(const Fingerprint& a, const Fingerprint& b,
                                         const std::optional<Comparison>& comparison,
                                         const Policy& policy, std::optional<double> similarity) {
  std::vector<MeasureRow> rows;
  add_distances(rows, a, b, policy);
  add_details(rows, a, b);
  if (policy.min_similarity) add_similarity(rows, similarity, policy);
  const Comparison compared = comparison.value_or(Comparison{});
  const std::size_t first_compared = rows.size();
  for (const MeasureCheck& check : near_checks(compared, a, b)) {
    rows.push_back(row_of(check, Relation::near));
    rows.back().note = note_on(check.measure, stricter_tiles(compared, a, b));
  }
  MeasureRow& tone = rows.emplace_back();
  tone.measure = "tone_difference";
  tone.value = compared.tone_difference;
  tone.note = "in levels, before tones are fitted; nothing rests on it";
  if (compared.edit) add_edit(rows, *compared.edit, a, b);
  if (comparison) return rows;
  for (std::size_t i = first_compared; i < rows.size(); ++i) {
    rows[i].value.reset();
    rows[i].passes.reset();
    rows[i].note = "could not be taken";
  }
  return rows;
}

}  // namespace imgdedup::matching
