// SPDX-License-Identifier: Apache-2.0
// How many files clients have asked about and not been answered on yet: of each user, and of all.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "worker/worker_pool.h"

namespace imgdedup::daemon {

/// Who asks, over which connection.
struct Asker {
  uid_t uid = 0;
  bool is_privileged = false;  ///< root, or the service's own user
  std::uint64_t connection = 0;

  /// Of the jobs that answer it: they stand aside for files that arrive, and are dropped with the
  /// connection.
  [[nodiscard]] worker::JobTurn turn() const {
    return {worker::JobPriority::aside, uid, connection};
  }
};

struct QueriedFilesLimits {
  std::size_t files = 384;  ///< each holds descriptors, its own and those of its candidates
  std::size_t files_per_uid = 128;
  std::size_t reserved_files = 128;  ///< of `files`, kept for the privileged
};

/// Loop thread only.
class QueriedFiles {
 public:
  using Limits = QueriedFilesLimits;

  explicit QueriedFiles(Limits limits = {}) : state_(std::make_shared<State>()) {
    state_->limits = limits;
  }

 private:
  struct State {
    Limits limits;
    std::size_t all = 0;
    std::map<uid_t, std::size_t> of_uid;
  };

 public:
  /// Files that are counted for as long as this lives; may outlive what gave it.
  class Hold {
   public:
    Hold(std::shared_ptr<State> state, uid_t uid, std::size_t count)
        : state_(std::move(state)), uid_(uid), count_(count) {
      state_->all += count;
      state_->of_uid[uid] += count;
    }
    ~Hold() {
      if (!state_) return;
      state_->all -= count_;
      const auto place = state_->of_uid.find(uid_);
      place->second -= count_;
      if (place->second == 0) state_->of_uid.erase(place);
    }
    Hold(Hold&&) noexcept = default;
    Hold& operator=(Hold&&) = delete;
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    std::shared_ptr<State> state_;
    uid_t uid_;
    std::size_t count_;
  };

  /// Nothing if there is no room for them.
  [[nodiscard]] std::optional<Hold> take(const Asker& asker, std::size_t count) {
    const Limits& limits = state_->limits;
    const std::size_t all =
        asker.is_privileged ? limits.files : limits.files - limits.reserved_files;
    const auto own = state_->of_uid.find(asker.uid);
    const std::size_t of_asker = own == state_->of_uid.end() ? 0 : own->second;
    if (state_->all + count > all) return std::nullopt;
    if (!asker.is_privileged && of_asker + count > limits.files_per_uid) return std::nullopt;
    return std::optional<Hold>(std::in_place, state_, asker.uid, count);
  }

 private:
  std::shared_ptr<State> state_;
};

}  // namespace imgdedup::daemon
