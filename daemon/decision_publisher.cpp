// SPDX-License-Identifier: Apache-2.0
// Tells the world of each decision.
#include "daemon/decision_publisher.h"

#include <algorithm>
#include <system_error>
#include <utility>
#include <vector>

#include "daemon/reports_from_store.h"

namespace imgdedup::daemon {
namespace {

constexpr std::chrono::milliseconds flush_delay{20};
constexpr std::chrono::milliseconds retry_delay{5000};
constexpr std::size_t page_size = 500;

}  // namespace

DecisionPublisher::DecisionPublisher(event::Loop& loop, store::Catalog& catalog,
                                     const std::string& log_path, Hooks hooks)
    : loop_(loop),
      catalog_(catalog),
      log_(log_path),
      hooks_(std::move(hooks)),
      flush_timer_(loop_, [this] { flush(); }) {}

void DecisionPublisher::start() {
  try {
    catalog_.reserve_decision_ids(log_.last_id());
  } catch (const std::system_error& error) {
    hooks_.trouble(error.what());
  }
  last_announced_ = catalog_.last_decision_id();
  is_started_ = true;
  flush();
}

void DecisionPublisher::wake() {
  if (!flush_timer_.active()) flush_timer_.start(flush_delay);
}

void DecisionPublisher::flush() try {
  if (!is_started_) return;
  catalog_.make_durable();
  store::DecisionId written = log_.last_id();
  for (;;) {
    const auto decisions = catalog_.decisions_after(written, page_size);
    if (decisions.empty()) break;
    std::vector<store::DuplicatesLog::Line> lines;
    for (const auto& decision : decisions)
      lines.push_back({decision.id, protocol::decision_line(report_of(decision))});
    log_.append(lines);
    written = decisions.back().id;
    for (const auto& decision : decisions)
      if (decision.id > last_announced_) hooks_.on_decision(decision);
    last_announced_ = std::max(last_announced_, written);
  }
  if (std::exchange(is_in_trouble_, false)) hooks_.trouble("");
} catch (const std::system_error& error) {
  // Nothing is lost: the catalog knows the decisions, and the next flush writes them.
  if (!std::exchange(is_in_trouble_, true)) hooks_.trouble(error.what());
  flush_timer_.start(retry_delay);
}

}  // namespace imgdedup::daemon
