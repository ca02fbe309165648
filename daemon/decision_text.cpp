// SPDX-License-Identifier: Apache-2.0
// A decision as a line for people.
#include "daemon/decision_text.h"

#include <spdlog/fmt/fmt.h>

#include <cmath>

#include "daemon/log.h"
#include "protocol/utf8.h"

namespace imgdedup::daemon {

std::string decision_text(const store::CatalogDecision& decision) {
  std::string measures;
  const auto add = [&](const std::string& measure) {
    measures += (measures.empty() ? " (" : ", ") + measure;
  };
  const matching::Evidence& evidence = decision.evidence;
  if (decision.relation == matching::Relation::exact)
    add("the same bytes");
  else if (evidence.distance_bits)
    add(fmt::format("distance {}", *evidence.distance_bits));
  if (evidence.ssim) add(fmt::format("SSIM {:.3f}", *evidence.ssim));
  if (evidence.inliers) add(fmt::format("{} inliers", *evidence.inliers));
  if (evidence.similarity) add(fmt::format("similarity {:.3f}", *evidence.similarity));
  if (evidence.mirrored.value_or(false)) add("mirrored");
  if (const auto turn = std::lround(evidence.rotation_degrees.value_or(0)) % 360; turn != 0)
    add(fmt::format("turned {}°", turn));
  if (evidence.overlap) add(fmt::format("shows {:.0f} % of it", 100 * *evidence.overlap));
  if (!measures.empty()) measures += ")";
  std::string action(name_of(decision.action));
  if (decision.action_limit != matching::ActionLimit::none)
    action += " (" + std::string(name_of(decision.action_limit)) + ")";
  if (const auto companion = companion_of(decision.action_limit))
    return fmt::format("{}: {} and {} are {}, no copies{}: {}", name_of(*companion),
                       protocol::readable_text(decision.original_path),
                       protocol::readable_text(decision.path), describe(*companion), measures,
                       name_of(decision.action));
  if (decision.action_limit == matching::ActionLimit::similarity)
    return fmt::format("{}: {} looks like {}{}: {}", name_of(decision.relation),
                       protocol::readable_text(decision.path),
                       protocol::readable_text(decision.original_path), measures, action);
  return fmt::format("{}: {} is {} of {}{}: {}", name_of(decision.relation),
                     protocol::readable_text(decision.path),
                     decision.relation == matching::Relation::edited ? "an edited copy" : "a copy",
                     protocol::readable_text(decision.original_path), measures, action);
}

void log_decision(const store::CatalogDecision& decision) {
  log_event(spdlog::level::info,
            {"decision", decision.path, decision.original_path, name_of(decision.relation),
             name_of(decision.action), decision.id},
            decision_text(decision));
}

}  // namespace imgdedup::daemon
