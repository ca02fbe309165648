// SPDX-License-Identifier: Apache-2.0
// The words for reasons of refusal.
#include "matching/refusal.h"

#include "matching/name_table.h"

namespace imgdedup::matching {
namespace {

constexpr NameTable<RefusalReason, 9> reasons{{"not-an-image", "unsupported", "incomplete",
                                               "damaged", "over-limit", "unreadable", "timed-out",
                                               "crashed", "out-of-memory"}};

}  // namespace

std::string_view name_of(RefusalReason reason) { return reasons.name_of(reason); }
std::optional<RefusalReason> refusal_reason_from_name(std::string_view name) {
  return reasons.from_name(name);
}

}  // namespace imgdedup::matching
