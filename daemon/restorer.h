// SPDX-License-Identifier: Apache-2.0
// Brings files back from quarantine, one after the other, without holding up the loop.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/event/loop.h"
#include "store/quarantine.h"

namespace imgdedup::daemon {

/// What has to be copied, for its quarantine lies on another mount, is copied on a thread of the
/// pool. Loop thread only.
class Restorer {
 public:
  struct Outcome {
    std::optional<store::MoveProblem> problem;  ///< empty: it is back
    std::vector<std::string> not_kept;          ///< of its attributes, in words
  };
  using Done = std::function<void(const Outcome&)>;

  Restorer(event::Loop& loop, store::Catalog& catalog) : loop_(loop), catalog_(catalog) {}

  /// root_path: see store::QuarantineReturn. `done` is called on a later turn of the loop, in the
  /// same turn in which the file appears in its place.
  void restore(store::DecisionId id, std::string root_path, Done done);
  /// Whether a file is between quarantine and its old place.
  [[nodiscard]] bool has_return_in_hand() const { return current_ != nullptr; }

 private:
  struct Return {
    store::DecisionId id = 0;
    std::string root_path;
    Done done;
    std::unique_ptr<store::QuarantineReturn> way_back;
  };

  void wake();
  void start_next();
  void start(const std::shared_ptr<Return>& next);
  void copied(const std::shared_ptr<Return>& copying);

  event::Loop& loop_;
  store::Catalog& catalog_;
  std::deque<std::shared_ptr<Return>> waiting_;
  std::shared_ptr<Return> current_;
};

}  // namespace imgdedup::daemon
