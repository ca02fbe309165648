// SPDX-License-Identifier: Apache-2.0
// The words for decision states.
#include "matching/decision_state.h"

#include "matching/name_table.h"

namespace imgdedup::matching {
namespace {

constexpr NameTable<DecisionState, 6> decision_states{
    {"standing", "quarantined", "restored", "purged", "superseded", "dismissed"}};

}  // namespace

std::string_view name_of(DecisionState state) { return decision_states.name_of(state); }
std::optional<DecisionState> decision_state_from_name(std::string_view name) {
  return decision_states.from_name(name);
}

}  // namespace imgdedup::matching
