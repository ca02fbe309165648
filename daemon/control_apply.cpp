// SPDX-License-Identifier: Apache-2.0
// Decisions that were only logged are taken anew, by the settings of now.
#include <string>
#include <vector>

#include "daemon/control_context.h"
#include "daemon/page_room.h"
#include "matching/policy.h"
#include "protocol/reports.h"

namespace imgdedup::daemon {
namespace {

using protocol::Json;
using store::CatalogDecision;

/// Why this decision is not to be taken anew; empty when it is.
std::string objection_to(const CatalogDecision& decision, const matching::Policy& policy) {
  if (decision.state != matching::DecisionState::standing)
    return "the decision does not stand, it is " + std::string(name_of(decision.state));
  if (decision.action == matching::Action::quarantine)
    return "the decision is to quarantine already";
  if (policy.action_for(decision.relation) != matching::Action::quarantine)
    return "the setting `actions." + std::string(name_of(decision.relation)) + "` is log";
  return {};
}

}  // namespace

Json apply_settings(ControlContext& context, const Json& params) {
  store::Catalog& catalog = context.library.catalog();
  const matching::Policy& policy = context.judge.policy();
  Json items = Json::array();
  Json next;
  PageRoom room;
  std::vector<store::FileId> files;
  const auto add = [&](const protocol::MoveReport& report) {
    room.count(report);
    items.push_back(report);
  };
  const auto take = [&](const CatalogDecision& decision) {
    files.push_back(decision.file_id);
    add({decision.id, decision.path, true, std::nullopt});
  };
  if (const auto ids = params.find("ids"); ids != params.end() && ids->is_array()) {
    // `next` counts those that were dealt with.
    for (auto place = static_cast<std::size_t>(after_of(params)); place < ids->size(); ++place) {
      if (room.is_full()) {
        next = place;
        break;
      }
      const auto id = ids->at(place).get<store::DecisionId>();
      const auto decision = catalog.decision(id);
      const std::string objection = decision ? objection_to(*decision, policy)
                                             : "there is no such decision; `duplicates` shows them";
      if (objection.empty())
        take(*decision);
      else
        add({id, decision ? decision->path : "", false, objection});
    }
  } else {
    const auto limit = params.at("limit").get<std::size_t>();
    const store::DecisionPage page = catalog.decisions_in_force({}, after_of(params), limit);
    if (page.next) next = *page.next;
    store::DecisionId last = 0;
    for (const CatalogDecision& decision : page.rows) {
      if (room.is_full()) {
        next = last;
        break;
      }
      if (decision.action_limit == matching::ActionLimit::none &&
          objection_to(decision, policy).empty())
        take(decision);
      last = decision.id;
    }
  }
  context.library.judge_again_alone(files);
  context.intake.look_again();
  return protocol::make_page(std::move(items), std::move(next));
}

}  // namespace imgdedup::daemon
