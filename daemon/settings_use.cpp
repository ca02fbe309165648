// SPDX-License-Identifier: Apache-2.0
// What a change of the settings asks for.
#include "daemon/settings_use.h"

#include <utility>

namespace imgdedup::daemon {

bool needs_new_daemon(config::Settings before, config::Settings after) {
  const auto indexes_of = [](const matching::Policy& policy) {
    return std::pair(policy.hash_kind, policy.edited_enabled);
  };
  const bool needs_other_indexes = indexes_of(before.policy) != indexes_of(after.policy);
  before.policy = after.policy;
  before.embedding.min_similarity = after.embedding.min_similarity;
  before.log_level = after.log_level;
  return needs_other_indexes || before != after;
}

matching::Policy policy_of(const config::Settings& settings) {
  matching::Policy policy = settings.policy;
  if (!settings.embedding.model.empty()) policy.min_similarity = settings.embedding.min_similarity;
  return policy;
}

}  // namespace imgdedup::daemon
