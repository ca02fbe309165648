// SPDX-License-Identifier: Apache-2.0
// Rows of the catalog as the reports of the protocol.
#include "daemon/reports_from_store.h"

#include "store/quarantine.h"

namespace imgdedup::daemon {

protocol::Time time_from_ns(std::int64_t nanoseconds) {
  return protocol::Time(
      std::chrono::floor<std::chrono::milliseconds>(std::chrono::nanoseconds(nanoseconds)));
}

protocol::DecisionReport report_of(const store::CatalogDecision& decision) {
  protocol::DecisionReport report;
  report.id = decision.id;
  report.relation = decision.relation;
  report.path = decision.path;
  report.original = decision.original_path;
  report.action = decision.action;
  report.action_limit = decision.action_limit;
  report.evidence = decision.evidence;
  report.content = decision.content;
  report.original_content = decision.original_content;
  report.decided_at = time_from_ns(decision.decided_at_ns);
  report.state = decision.state;
  report.supersedes = decision.supersedes;
  return report;
}

protocol::QuarantineEntryReport report_of(const store::QuarantineEntry& entry, bool last_copy,
                                          bool changed) {
  protocol::QuarantineEntryReport report;
  report.id = entry.id;
  report.path = entry.original_path;
  report.quarantine_path = store::quarantine_path(entry);
  report.content = entry.content;
  report.bytes = static_cast<std::uint64_t>(entry.stamp.size_bytes);
  report.relation = entry.relation;
  report.original = entry.keeper_path;
  report.quarantined_at = time_from_ns(entry.moved_at_ns);
  report.last_copy = last_copy;
  report.changed = changed;
  return report;
}

}  // namespace imgdedup::daemon
