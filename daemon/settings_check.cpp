// SPDX-License-Identifier: Apache-2.0
// Settings that are right as text, held against the system and against what their owner may mean.
#include "daemon/settings_check.h"

#include "daemon/pool_settings.h"
#include "daemon/socket_group.h"

namespace imgdedup::daemon {

using matching::Relation;

std::vector<config::Finding> problems_on_this_system(const config::Settings& settings) {
  std::vector<config::Finding> findings;
  if (std::string why = problem_with_group(settings.socket.group); !why.empty())
    findings.push_back({"socket.group", std::move(why)});
  if (const std::string why = problem_with_model(settings); !why.empty())
    findings.push_back({"detect.embedding.model", "cannot be used: " + why});
  return findings;
}

std::vector<std::string> doubts_about(const config::Settings& settings) {
  const matching::Policy& policy = settings.policy;
  if (policy.keep != matching::KeepRule::first) return {};
  std::string moved;
  for (const Relation relation : {Relation::near, Relation::edited})
    if (policy.action_for(relation) == matching::Action::quarantine &&
        (relation == Relation::near ? policy.near_enabled : policy.edited_enabled))
      moved +=
          std::string(moved.empty() ? "" : " and ") + "actions." + std::string(name_of(relation));
  if (moved.empty()) return {};
  return {"keep: " + moved + (moved.find(' ') == std::string::npos ? " is" : " are") +
          " quarantine and keep is first. Of files that were there before the service, which one "
          "was seen first is only the order in which the folders were listed, so a smaller or "
          "worse copy may stay and the better picture be moved. `keep: largest` keeps the better "
          "picture"};
}

}  // namespace imgdedup::daemon
