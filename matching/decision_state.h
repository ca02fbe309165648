// SPDX-License-Identifier: Apache-2.0
// What has become of a decision since it was taken.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace imgdedup::matching {

enum class DecisionState : std::uint8_t {
  standing,     ///< holds; the file lies where it lay
  quarantined,  ///< holds; the file was moved to quarantine
  restored,     ///< the file was put back by its owner and is not judged again until it changes
  purged,       ///< the file was deleted from quarantine by its owner
  superseded,   ///< a later decision about the same file, or the loss of the original, replaced it
  dismissed,    ///< the owner said that the two are no duplicates
};

/// "standing", "quarantined", "restored", "purged", "superseded", "dismissed".
std::string_view name_of(DecisionState state);
std::optional<DecisionState> decision_state_from_name(std::string_view name);

}  // namespace imgdedup::matching
