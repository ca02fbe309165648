// SPDX-License-Identifier: Apache-2.0
// Brings files back from quarantine.
#include "daemon/restorer.h"

#include <utility>

#include "daemon/event/background.h"

namespace imgdedup::daemon {

using store::MoveProblem;

void Restorer::restore(store::DecisionId id, std::string root_path, Done done) {
  waiting_.push_back(
      std::make_shared<Return>(Return{id, std::move(root_path), std::move(done), nullptr}));
  wake();
}

void Restorer::wake() {
  loop_.defer([this] { start_next(); });
}

void Restorer::start_next() {
  if (current_ || waiting_.empty()) return;
  const auto next = std::move(waiting_.front());
  waiting_.pop_front();
  start(next);
  if (!current_) wake();
}

void Restorer::start(const std::shared_ptr<Return>& next) {
  const auto entry = catalog_.quarantine_entry(next->id);
  if (!entry || entry->state != store::MoveState::quarantined) {
    next->done({MoveProblem{MoveProblem::Kind::refused,
                            "there is no such entry in quarantine; `quarantine list` shows them"},
                {}});
    return;
  }
  next->way_back = std::make_unique<store::QuarantineReturn>(catalog_, *entry, next->root_path);
  const auto problem = next->way_back->begin();
  const auto transfer = next->way_back->transfer();
  if (problem || !transfer) {
    next->way_back.reset();
    next->done({problem, {}});
    return;
  }
  current_ = next;
  // The work may outlive this object, and the way back must not.
  event::run_in_background(
      loop_, [transfer] { transfer->run(); },
      [this, weak = std::weak_ptr<Return>(next)](const std::exception_ptr&) {
        if (const auto copying = weak.lock()) copied(copying);
      });
}

void Restorer::copied(const std::shared_ptr<Return>& copying) {
  const auto transfer = copying->way_back->transfer();
  Outcome outcome{copying->way_back->finish(), transfer->not_kept()};
  if (outcome.problem) outcome.not_kept.clear();
  copying->way_back.reset();
  current_.reset();
  copying->done(outcome);
  wake();
}

}  // namespace imgdedup::daemon
