// SPDX-License-Identifier: Apache-2.0
// Why duplicates that should lie in quarantine do not.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <unordered_map>

#include "store/catalog.h"

namespace imgdedup::daemon {

/// By decision, the last reason; each is worth telling once. Memory is bounded: of what comes after
/// the first 10,000, only that there is a reason is kept. Loop thread only.
class Unmoved {
 public:
  /// Whether there was no reason so far.
  bool remember(store::DecisionId id, const std::string& why) {
    // A full disk may refuse a million files.
    const bool is_full = why_.size() >= most_reasons && !why_.contains(id);
    return why_.insert_or_assign(id, is_full ? "see the service's log" : why).second;
  }
  void forget(store::DecisionId id) { why_.erase(id); }
  [[nodiscard]] std::optional<std::string> why(store::DecisionId id) const {
    const auto known = why_.find(id);
    if (known == why_.end()) return std::nullopt;
    return known->second;
  }

 private:
  static constexpr std::size_t most_reasons = 10'000;
  std::unordered_map<store::DecisionId, std::string> why_;
};

}  // namespace imgdedup::daemon
