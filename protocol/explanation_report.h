// SPDX-License-Identifier: Apache-2.0
// The result of `explain`: two files, every measure between them, the steps to the decision.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "matching/explanation.h"
#include "matching/refusal.h"
#include "protocol/json.h"

// As in protocol/reports.h: to_json() and from_json() for Json, the latter throws Json::exception.
namespace imgdedup::protocol {

/// One of the two files as it is now.
struct ExplainedFileReport {
  std::string path;                          ///< as asked
  std::optional<std::int64_t> id;            ///< in the catalog
  std::optional<matching::FileState> state;  ///< in the catalog
  std::optional<bool> restored;              ///< in the catalog
  bool is_protected = false;
  std::uint64_t hard_links = 1;
  std::optional<matching::Fingerprint> fingerprint;
  std::optional<matching::RefusalReason> reason;  ///< exactly without a fingerprint
  std::optional<std::string> message;             ///< the same for people

  bool operator==(const ExplainedFileReport&) const = default;
};

struct ExplanationReport {
  std::array<ExplainedFileReport, 2> files;  ///< A and B
  std::optional<bool> same_bytes, same_pixels;
  std::vector<matching::MeasureRow> measures;
  std::vector<matching::ExplanationStep> steps;
  std::optional<matching::Relation> relation;
  std::optional<matching::CompanionKind> companion;
  std::optional<matching::Side> duplicate;  ///< which of the two; empty: neither
  std::optional<matching::Action> action;
  matching::ActionLimit action_limit = matching::ActionLimit::none;
  std::optional<std::int64_t> decision;  ///< in force between the two
  std::string conclusion;

  bool operator==(const ExplanationReport&) const = default;
};

void to_json(Json& json, const ExplainedFileReport& report);
void from_json(const Json& json, ExplainedFileReport& report);
void to_json(Json& json, const ExplanationReport& report);
void from_json(const Json& json, ExplanationReport& report);

}  // namespace imgdedup::protocol
