// SPDX-License-Identifier: Apache-2.0
// What confirms an edited copy, and what does not.
#include "matching/edited_confirmation.h"

#include <doctest/doctest.h>

#include "matching/decision.h"

namespace imgdedup::matching {
namespace {

Fingerprint of_detail(float detail) {
  Fingerprint fingerprint;
  fingerprint.detail = detail;
  return fingerprint;
}

EditComparison faithful_crop() {
  return {.inliers = 80,
          .matched_share = 0.3,
          .spread = 0.8,
          .overlap_ssim = 0.98,
          .agreeing_area = 1,
          .agreeing_detail = 1,
          .detail_ssim = 0.97,
          .fidelity = 0.95,
          .lowest_tile_ssim = 0.9,
          .detail = 3,
          .left_overlap = 0.5,
          .right_overlap = 1};
}

TEST_CASE("what is shared must be enough, faithful and in place") {
  struct Case {
    const char* what;
    bool is_edited;
    void (*change)(EditComparison&);
  };
  const Case cases[] = {
      {"a crop", true, [](EditComparison&) {}},
      {"a caption over a fifth", true,
       [](EditComparison& e) {
         e.left_overlap = 1;
         e.overlap_ssim = 0.8;
         e.detail_ssim = 0.7;
         e.fidelity = 0.75;
         e.lowest_tile_ssim = -0.2;
       }},
      {"a small crop with many inliers", true, [](EditComparison& e) { e.left_overlap = 0.15; }},
      {"a small crop with few inliers", false,
       [](EditComparison& e) {
         e.left_overlap = 0.15;
         e.inliers = 20;
       }},
      {"a logo in a corner", false, [](EditComparison& e) { e.left_overlap = 0.1; }},
      {"a part of both only", false,
       [](EditComparison& e) { e.left_overlap = e.right_overlap = 0.4; }},
      {"the next frame of one scene", false, [](EditComparison& e) { e.fidelity = 0.6; }},
      {"another form of one layout", false,
       [](EditComparison& e) {
         e.left_overlap = 1;
         e.detail_ssim = 0.5;
       }},
      {"a form with little on it", false, [](EditComparison& e) { e.overlap_ssim = 0.7; }},
      {"too few places in agreement", false, [](EditComparison& e) { e.inliers = 5; }},
      {"a shape that no edit gives", false, [](EditComparison& e) { e.stretch = 3; }},
      {"a common part without anything in it", false, [](EditComparison& e) { e.detail = 0.3; }},
      {"a whole picture turned, without features", true,
       [](EditComparison& e) {
         e.inliers = 0;
         e.left_overlap = 1;
       }},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    EditComparison edit = faithful_crop();
    c.change(edit);
    CHECK(confirms_edited(edit, of_detail(5), of_detail(5)) == c.is_edited);
  }
}

TEST_CASE("flat and tiny pictures are never edited copies") {
  CHECK(!confirms_edited(faithful_crop(), of_detail(1), of_detail(5)));
  CHECK(!confirms_edited(faithful_crop(), of_detail(5), of_detail(1)));
  EditComparison turned = faithful_crop();
  turned.inliers = 0;
  turned.left_overlap = 1;
  // Without features it takes as much detail as for `near`.
  CHECK(!confirms_edited(turned, of_detail(2), of_detail(5)));
}

TEST_CASE("an edited copy is a duplicate with its evidence, unless that is switched off") {
  ImageRecord file, original;
  file.file_id = 2;
  original.file_id = 1;
  file.stamp.inode = 2;
  original.stamp.inode = 1;
  file.fingerprint = original.fingerprint = of_detail(5);
  file.fingerprint.content_digest.bytes[0] = 2;
  original.fingerprint.content_digest.bytes[0] = 1;
  file.fingerprint.hashes.phash.bits = ~std::uint64_t{0};
  Comparison comparison;
  comparison.left_digest = file.fingerprint.content_digest;
  comparison.right_digest = original.fingerprint.content_digest;
  comparison.edit = faithful_crop();
  Policy policy;
  const auto found = relation_between(file, {original, comparison, false}, policy);
  REQUIRE(found);
  CHECK(found->relation == Relation::edited);
  CHECK(found->evidence.inliers == 80);
  CHECK(found->evidence.ssim == 0.98);
  CHECK(!relation_between(file, {original, comparison, true}, policy));
  policy.edited_enabled = false;
  CHECK(!relation_between(file, {original, comparison, false}, policy));
}

}  // namespace
}  // namespace imgdedup::matching
