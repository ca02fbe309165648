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

}  // namespace imgdedup::matching
