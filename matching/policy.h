// SPDX-License-Identifier: Apache-2.0
// What the owner of the files asked for: which relations count, what is done, which file stays.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "matching/fingerprint.h"
#include "matching/relation.h"

namespace imgdedup::matching {

enum class Action : std::uint8_t { log, quarantine };

/// "log", "quarantine".
std::string_view name_of(Action action);
std::optional<Action> action_from_name(std::string_view name);

/// Which file of a group is the original.
enum class KeepRule : std::uint8_t {
  first,    ///< the one that was seen first
  largest,  ///< the one with most pixels, then most bytes, then first
  oldest,   ///< the one modified longest ago, then first
};

/// "first", "largest", "oldest".
std::string_view name_of(KeepRule rule);
std::optional<KeepRule> keep_rule_from_name(std::string_view name);

struct Policy {
  bool near_enabled = true;
  HashKind hash_kind = HashKind::phash;
  int radius_bits = 10;
  bool edited_enabled = true;
  /// Least cosine of two embeddings that makes pictures `near`, -1..1; empty: there is no network.
  std::optional<double> min_similarity = {};
  /// By Relation.
  std::array<Action, 4> actions{Action::log, Action::log, Action::log, Action::log};
  KeepRule keep = KeepRule::first;

  [[nodiscard]] Action action_for(Relation relation) const {
    return actions[static_cast<std::size_t>(relation)];
  }
  bool operator==(const Policy&) const = default;
};

}  // namespace imgdedup::matching
