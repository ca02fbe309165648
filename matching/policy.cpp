// SPDX-License-Identifier: Apache-2.0
// The words for actions and keep rules.
#include "matching/policy.h"

#include "matching/name_table.h"

namespace imgdedup::matching {
namespace {

constexpr NameTable<Action, 2> actions{{"log", "quarantine"}};
constexpr NameTable<KeepRule, 3> keep_rules{{"first", "largest", "oldest"}};

}  // namespace

std::string_view name_of(Action action) { return actions.name_of(action); }
std::optional<Action> action_from_name(std::string_view name) { return actions.from_name(name); }

std::string_view name_of(KeepRule rule) { return keep_rules.name_of(rule); }
std::optional<KeepRule> keep_rule_from_name(std::string_view name) {
  return keep_rules.from_name(name);
}

}  // namespace imgdedup::matching
