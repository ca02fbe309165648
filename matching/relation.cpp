// SPDX-License-Identifier: Apache-2.0
// The words for relations.
#include "matching/relation.h"

#include "matching/name_table.h"

namespace imgdedup::matching {
namespace {

constexpr NameTable<Relation, 4> relations{{"exact", "pixels", "near", "edited"}};

}  // namespace

std::string_view name_of(Relation relation) { return relations.name_of(relation); }
std::optional<Relation> relation_from_name(std::string_view name) {
  return relations.from_name(name);
}

// The way back from a turn is the turn the other way round; from a mirrored one it is itself.
void add_edit(Evidence& evidence, const EditComparison& edit, DuplicateSide duplicate) {
  const bool is_the_way_back = duplicate == DuplicateSide::left;
  evidence.inliers = edit.inliers;
  evidence.ssim = edit.overlap_ssim;
  evidence.mirrored = edit.mirrored;
  evidence.rotation_degrees = is_the_way_back && !edit.mirrored && edit.rotation_degrees > 0
                                  ? 360 - edit.rotation_degrees
                                  : edit.rotation_degrees;
  evidence.scale = is_the_way_back && edit.scale > 0 ? 1 / edit.scale : edit.scale;
  evidence.overlap = is_the_way_back ? edit.right_overlap : edit.left_overlap;
}

}  // namespace imgdedup::matching
