// SPDX-License-Identifier: Apache-2.0
// What the commands of the socket work on.
#pragma once

#include <sys/types.h>

#include <array>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>

#include "daemon/intake.h"
#include "daemon/judge.h"
#include "daemon/library.h"
#include "daemon/mover.h"
#include "daemon/queried_files.h"
#include "daemon/reconciler.h"
#include "daemon/refused_again.h"
#include "daemon/restorer.h"
#include "daemon/roots.h"
#include "daemon/status_builder.h"
#include "daemon/sync_waiters.h"
#include "protocol/json_rpc.h"
#include "worker/worker_pool.h"

namespace imgdedup::daemon {

/// What a reload has led to.
enum class ReloadEnd : std::uint8_t {
  in_force,       ///< the settings of the file hold
  taken_up_anew,  ///< they will in the service's next life, which then says whether they do
};

/// All of it outlives the commands.
struct ControlContext {
  Library& library;
  const Roots& roots;
  Reconciler& reconciler;
  Intake& intake;
  Judge& judge;
  Mover& mover;
  Restorer& restorer;
  RefusedAgain& refused_again;
  worker::WorkerPool& pool;
  StatusBuilder& status;
  SyncWaiters& sync;
  worker::JobLimits limits;
  std::optional<gid_t> change_group;  ///< members may change things
  std::function<void(bool paused)> set_paused;
  /// Reads the settings again; throws std::runtime_error naming what is wrong.
  std::function<ReloadEnd()> reload;
  std::function<void()> look_at_access;  ///< whether the folders let the service do its work
  std::function<void(const std::string& message)> note;  ///< for the service's log
  QueriedFiles queried_files{};                          ///< of `query` and `explain`
};

/// A command that was understood and is not done: becomes the error of the reply.
class CommandFailure : public std::runtime_error {
 public:
  CommandFailure(protocol::ErrorCode error_code, const std::string& message)
      : std::runtime_error(message), code(error_code) {}
  protocol::ErrorCode code;
};

/// The key after which a page begins: 0 for the first. Throws CommandFailure for one that is no
/// number.
std::int64_t after_of(const protocol::Json& params);

// The commands that answer at once, by what they are about. `params` are normalised. Each returns
// the result or throws CommandFailure.
protocol::Json list_duplicates(ControlContext& context, const protocol::Json& params);
protocol::Json list_groups(ControlContext& context, const protocol::Json& params);
protocol::Json list_files(ControlContext& context, const protocol::Json& params);
protocol::Json list_unreadable(ControlContext& context, const protocol::Json& params);
protocol::Json list_events(ControlContext& context, const protocol::Json& params);
protocol::Json list_quarantine(ControlContext& context, const protocol::Json& params);
protocol::Json apply_settings(ControlContext& context, const protocol::Json& params);
protocol::Json declare_distinct(ControlContext& context, const protocol::Json& params);
protocol::Json rescan(ControlContext& context, const protocol::Json& params);

/// The last ten decisions, oldest first: how `events` with `follow` begins.
protocol::Json newest_events(ControlContext& context);

/// Judges files that a caller has open, without recording anything. `answer` is called once, on a
/// later turn of the loop, or never if the asker's connection is gone by then. Throws
/// CommandFailure when too many are being asked about.
void query_files(ControlContext& context, const Asker& asker, std::vector<std::string> paths,
                 std::vector<posix::UniqueDescriptor> files,
                 std::function<void(protocol::Json)> answer);

/// Puts files back to where they were. `answer` is called once, on a later turn of the loop.
void restore_quarantined(ControlContext& context, const protocol::Json& params,
                         std::function<void(protocol::Json)> answer);

/// Deletes files in quarantine for good. `answer` is called once, on a later turn of the loop.
void purge_quarantined(event::Loop& loop, ControlContext& context, const protocol::Json& params,
                       std::function<void(protocol::Json)> answer);

/// Explains what two files that a caller has open are to each other, without recording anything.
/// `answer` is called once, now or on a later turn of the loop, or never if the asker's connection
/// is gone by then. Throws CommandFailure when too many are being asked about.
void explain_files(ControlContext& context, const Asker& asker, std::array<std::string, 2> paths,
                   std::array<posix::UniqueDescriptor, 2> files,
                   std::function<void(protocol::Json)> answer);

}  // namespace imgdedup::daemon
