// SPDX-License-Identifier: Apache-2.0
// The commands of the socket: who may, which it is, its answer.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "daemon/control_context.h"
#include "daemon/daemon.h"
#include "daemon/event/line_server.h"
#include "daemon/event/timer.h"
#include "store/records.h"

namespace imgdedup::daemon {

/// Answers every line with one line. Dispatch follows protocol::all_commands(); a command may fail
/// in any way without harm to the others. Loop thread only.
class ControlCommands final : public event::LineHandler {
 public:
  ControlCommands(event::Loop& loop, ControlContext context);
  ~ControlCommands() override;

  /// Where the answers go; before the first line comes.
  void attach(event::LineServer& server) { server_ = &server; }

  /// To those who follow events.
  void announce(const store::CatalogDecision& decision);
  /// Answers all who wait for their reload. problem: why the settings were refused; empty: they are
  /// in force.
  void end_reloads(const std::string& problem);
  /// Those who wait for their reload, without their connections, for the service's next life.
  std::vector<WaitingReload> hand_over();
  void take_over(std::vector<WaitingReload> reloads);
  /// Those who wait get an error.
  void shut_down();

  void on_line(event::ConnectionId connection, const event::Peer& peer, std::string line,
               std::vector<posix::UniqueDescriptor> descriptors) override;
  void on_closed(event::ConnectionId connection) override;
  std::string farewell(event::ClientFault fault) override;

  /// Whether a handler exists for the command; for the test that none is missing.
  [[nodiscard]] static bool can_answer(std::string_view method);

 private:
  struct SyncCall {
    protocol::Json request_id;
    SyncWaiters::WaiterId waiter = 0;
    std::unique_ptr<event::Timer> deadline;
    std::chrono::steady_clock::time_point begin;
  };

  void dispatch(event::ConnectionId connection, const event::Peer& peer,
                const protocol::Request& request, std::vector<posix::UniqueDescriptor> descriptors);
  [[nodiscard]] bool may_change(const event::Peer& peer) const;
  void start_reload(event::ConnectionId connection, const protocol::Json& id);
  void start_sync(event::ConnectionId connection, const protocol::Json& id,
                  const protocol::Json& params);
  void end_sync(event::ConnectionId connection);
  void start_query(const Asker& asker, const protocol::Json& id, const protocol::Json& params,
                   std::vector<posix::UniqueDescriptor> descriptors);
  void start_explain(const Asker& asker, const protocol::Json& id, const protocol::Json& params,
                     std::vector<posix::UniqueDescriptor> descriptors);
  /// Throws CommandFailure unless each path has its descriptor and the catalog stands.
  void check_descriptors(std::size_t paths, std::size_t descriptors) const;
  /// Sends a result to a connection that may be gone by then.
  std::function<void(protocol::Json)> answer_to(event::ConnectionId connection,
                                                const protocol::Json& id);
  /// The result of a request, or, where it is larger than what may wait for a client, an error.
  void answer(event::ConnectionId connection, const protocol::Json& id,
              const protocol::Json& result);
  void send(event::ConnectionId connection, const std::string& line);

  event::Loop& loop_;
  ControlContext context_;
  event::LineServer* server_ = nullptr;
  std::set<event::ConnectionId> followers_;
  std::map<event::ConnectionId, SyncCall> syncs_;
  std::map<event::ConnectionId, protocol::Json> reloads_;  ///< request ids
  std::shared_ptr<bool> is_alive_ = std::make_shared<bool>(true);
};

}  // namespace imgdedup::daemon
