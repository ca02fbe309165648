// SPDX-License-Identifier: Apache-2.0
// The commands of the socket.
#include "daemon/control_commands.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "daemon/reports_from_store.h"
#include "protocol/command_table.h"
#include "protocol/params.h"
#include "protocol/utf8.h"
#include "store/store_error.h"

namespace imgdedup::daemon {
namespace {

using protocol::ErrorCode;
using protocol::Json;

using Handler = Json (*)(ControlContext&, const Json&);

Json state_of(const ControlContext& context) {
  return protocol::StateReport{context.status.state()};
}

/// The commands that answer at once; the others need the connection as well.
const std::map<std::string_view, Handler>& handlers() {
  static const std::map<std::string_view, Handler> table{
      {"status",
       [](ControlContext& context, const Json&) { return Json(context.status.report()); }},
      {"duplicates", list_duplicates},
      {"groups", list_groups},
      {"files", list_files},
      {"unreadable", list_unreadable},
      {"distinct", declare_distinct},
      {"quarantine.list", list_quarantine},
      {"quarantine.apply", apply_settings},
      {"rescan", rescan},
      {"pause",
       [](ControlContext& context, const Json&) {
         context.set_paused(true);
         return state_of(context);
       }},
      {"resume",
       [](ControlContext& context, const Json&) {
         context.set_paused(false);
         context.reconciler.start_pass();
         return state_of(context);
       }},
      {"metrics",
       [](ControlContext& context, const Json&) {
         return Json{{"text", metrics_text(context.status.report())}};
       }},
  };
  return table;
}

/// files: that wait while the service is paused.
std::string held_text(std::uint64_t files) {
  return "the service is paused, and " +
         (files == 1 ? std::string("1 file waits for its")
                     : std::to_string(files) + " files wait for their") +
         " decision until `imgdedupctl resume`";
}

bool is_privileged(const event::Peer& peer) { return peer.uid == 0 || peer.uid == ::geteuid(); }

Asker asker_of(event::ConnectionId connection, const event::Peer& peer) {
  return {peer.uid, is_privileged(peer), connection};
}

constexpr std::string_view connection_commands[] = {
    "sync", "query", "explain", "events", "reload", "quarantine.restore", "quarantine.purge"};

}  // namespace

ControlCommands::ControlCommands(event::Loop& loop, ControlContext context)
    : loop_(loop), context_(std::move(context)) {}

ControlCommands::~ControlCommands() { *is_alive_ = false; }

bool ControlCommands::can_answer(std::string_view method) {
  return handlers().contains(method) ||
         std::find(std::begin(connection_commands), std::end(connection_commands), method) !=
             std::end(connection_commands);
}

void ControlCommands::send(event::ConnectionId connection, const std::string& line) {
  std::string_view text = line;
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (server_) server_->send(connection, text);
}

void ControlCommands::answer(event::ConnectionId connection, const Json& id, const Json& result) {
  const std::string line = protocol::result_line(id, result);
  if (!server_ || server_->has_room(connection, line.size())) return send(connection, line);
  const std::string why = "an answer of " + std::to_string(line.size()) +
                          " bytes is more than what may wait for a client; read the answers that "
                          "came before it, and ask for less at once";
  context_.note("a client is not sent what it asked for: " + why);
  send(connection, protocol::error_line(id, ErrorCode::internal_error, why));
}

bool ControlCommands::may_change(const event::Peer& peer) const {
  if (is_privileged(peer)) return true;
  if (!context_.change_group) return false;
  return peer.gid == *context_.change_group ||
         std::find(peer.groups.begin(), peer.groups.end(), *context_.change_group) !=
             peer.groups.end();
}

void ControlCommands::on_line(event::ConnectionId connection, const event::Peer& peer,
                              std::string line, std::vector<posix::UniqueDescriptor> descriptors) {
  const auto parsed = protocol::parse_request(line);
  if (const auto* error = std::get_if<protocol::RequestError>(&parsed)) {
    send(connection, protocol::error_line(*error));
    return;
  }
  const auto& request = std::get<protocol::Request>(parsed);
  try {
    dispatch(connection, peer, request, std::move(descriptors));
  } catch (const CommandFailure& failure) {
    send(connection, protocol::error_line(request.id, failure.code, failure.what()));
  } catch (const store::CatalogUnavailable& error) {
    send(connection, protocol::error_line(request.id, ErrorCode::busy, error.what()));
    throw;
  } catch (const store::StoreError&) {
    // A broken catalog ends the service: systemd starts it afresh.
    send(connection, protocol::error_line(request.id, ErrorCode::internal_error,
                                          "the catalog cannot be read; see the service's log"));
    throw;
  } catch (const std::exception& error) {
    context_.note("command " + protocol::readable_text(request.method) +
                  " failed: " + error.what());
    send(connection, protocol::error_line(request.id, ErrorCode::internal_error, error.what()));
  }
}

void ControlCommands::dispatch(event::ConnectionId connection, const event::Peer& peer,
                               const protocol::Request& request,
                               std::vector<posix::UniqueDescriptor> descriptors) {
  const protocol::Command* command = protocol::find_command(request.method);
  if (!command)
    throw CommandFailure(ErrorCode::unknown_method,
                         "there is no command `" + protocol::readable_text(request.method) +
                             "`; /usr/share/doc/imgdedup/protocol.md lists them");
  if (command->level == protocol::CommandLevel::change && !may_change(peer))
    throw CommandFailure(ErrorCode::not_permitted,
                         "`" + std::string(command->name) +
                             "` changes things: root, the service's user or a member of "
                             "`socket.group` may");
  const auto validated = protocol::validate_params(*command, request.params);
  if (const auto* error = std::get_if<protocol::ParameterError>(&validated))
    throw CommandFailure(ErrorCode::invalid_params, error->message);
  const Json& params = std::get<Json>(validated);

  if (command->level == protocol::CommandLevel::change)
    context_.note("uid " + std::to_string(peer.uid) + " (pid " + std::to_string(peer.pid) +
                  ") asks: " + std::string(command->name));
  if (request.method == "sync") {
    start_sync(connection, request.id, params);
  } else if (request.method == "query") {
    start_query(asker_of(connection, peer), request.id, params, std::move(descriptors));
  } else if (request.method == "explain") {
    start_explain(asker_of(connection, peer), request.id, params, std::move(descriptors));
  } else if (request.method == "quarantine.restore") {
    // A large file may have to come from another disk.
    server_->keep_when_idle(connection);
    restore_quarantined(context_, params, answer_to(connection, request.id));
  } else if (request.method == "quarantine.purge") {
    server_->keep_when_idle(connection);
    purge_quarantined(loop_, context_, params, answer_to(connection, request.id));
  } else if (request.method == "reload") {
    start_reload(connection, request.id);
  } else if (request.method == "events") {
    const bool follows = params.at("follow").get<bool>();
    answer(connection, request.id,
           follows ? newest_events(context_) : list_events(context_, params));
    if (follows) {
      followers_.insert(connection);
      server_->keep_when_idle(connection);
    }
  } else {
    const Json result = handlers().at(request.method)(context_, params);
    if (command->level == protocol::CommandLevel::change) context_.status.count_anew();
    answer(connection, request.id, result);
  }
}

void ControlCommands::check_descriptors(std::size_t paths, std::size_t descriptors) const {
  if (paths != descriptors)
    throw CommandFailure(ErrorCode::invalid_params,
                         "as many open descriptors must come with the request as it names files (" +
                             std::to_string(descriptors) + " came for " + std::to_string(paths) +
                             ")");
  if (!context_.library.index().is_loaded())
    throw CommandFailure(ErrorCode::busy, "the catalog is still being loaded; ask again");
}

std::function<void(Json)> ControlCommands::answer_to(event::ConnectionId connection,
                                                     const Json& id) {
  return [this, connection, id, alive = is_alive_](const Json& result) {
    if (!*alive) return;
    context_.status.count_anew();
    answer(connection, id, result);
  };
}

void ControlCommands::start_query(const Asker& asker, const Json& id, const Json& params,
                                  std::vector<posix::UniqueDescriptor> descriptors) {
  auto paths = params.at("paths").get<std::vector<std::string>>();
  check_descriptors(paths.size(), descriptors.size());
  query_files(context_, asker, std::move(paths), std::move(descriptors),
              answer_to(asker.connection, id));
}

void ControlCommands::start_explain(const Asker& asker, const Json& id, const Json& params,
                                    std::vector<posix::UniqueDescriptor> descriptors) {
  check_descriptors(2, descriptors.size());
  explain_files(context_, asker,
                {params.at("first").get<std::string>(), params.at("second").get<std::string>()},
                {std::move(descriptors[0]), std::move(descriptors[1])},
                answer_to(asker.connection, id));
}

void ControlCommands::start_sync(event::ConnectionId connection, const Json& id,
                                 const Json& params) {
  if (syncs_.contains(connection))
    throw CommandFailure(ErrorCode::refused, "this connection waits for a sync already");
  const auto timeout = params.find("timeout");
  const bool has_timeout = timeout != params.end() && timeout->is_number_integer();
  SyncCall call;
  call.request_id = id;
  call.begin = std::chrono::steady_clock::now();
  server_->keep_when_idle(connection);
  call.waiter = context_.sync.add(
      {[this, connection](const SyncWaiters::Progress& progress) {
         send(connection,
              protocol::notification_line(
                  "progress", protocol::ProgressReport{progress.pending, progress.total}));
       },
       [this, connection](std::uint64_t files) {
         const auto place = syncs_.find(connection);
         if (place == syncs_.end()) return;
         context_.status.count_anew();
         const std::chrono::duration<double> waited =
             std::chrono::steady_clock::now() - place->second.begin;
         send(connection, protocol::result_line(place->second.request_id,
                                                protocol::SyncReport{files, waited.count()}));
         end_sync(connection);
       },
       // Whoever set a limit has said how long they will wait for `resume`.
       has_timeout ? std::function<void(std::uint64_t)>()
                   : [this, connection, id](std::uint64_t files) {
                       send(connection,
                            protocol::error_line(id, ErrorCode::refused, held_text(files)));
                       end_sync(connection);
                     }});
  if (has_timeout) {
    call.deadline = std::make_unique<event::Timer>(loop_, [this, connection, id] {
      send(connection, protocol::error_line(
                           id, ErrorCode::timed_out,
                           context_.status.is_paused()
                               ? "the service is paused, and files wait for their decision until "
                                 "`imgdedupctl resume`"
                               : "files still wait for their decision; `status` counts them"));
      end_sync(connection);
    });
    call.deadline->start(std::chrono::milliseconds(timeout->get<std::int64_t>()));
  }
  syncs_.emplace(connection, std::move(call));
}

void ControlCommands::end_sync(event::ConnectionId connection) {
  const auto place = syncs_.find(connection);
  if (place == syncs_.end()) return;
  context_.sync.remove(place->second.waiter);
  syncs_.erase(place);
}

void ControlCommands::start_reload(event::ConnectionId connection, const Json& id) {
  if (reloads_.contains(connection))
    throw CommandFailure(ErrorCode::refused, "this connection waits for a reload already");
  try {
    if (context_.reload() == ReloadEnd::in_force) {
      context_.status.count_anew();
      send(connection, protocol::result_line(id, state_of(context_)));
      return;
    }
  } catch (const std::runtime_error& error) {
    throw CommandFailure(ErrorCode::refused, error.what());
  }
  server_->keep_when_idle(connection);
  reloads_.emplace(connection, id);
}

void ControlCommands::end_reloads(const std::string& problem) {
  for (const auto& [connection, id] : std::exchange(reloads_, {}))
    send(connection, problem.empty() ? protocol::result_line(id, state_of(context_))
                                     : protocol::error_line(id, ErrorCode::refused, problem));
}

std::vector<WaitingReload> ControlCommands::hand_over() {
  std::vector<WaitingReload> waiting;
  for (auto& [connection, id] : std::exchange(reloads_, {}))
    if (auto released = server_->release(connection)) waiting.push_back({std::move(*released), id});
  return waiting;
}

void ControlCommands::take_over(std::vector<WaitingReload> reloads) {
  for (WaitingReload& reload : reloads)
    if (const auto connection = server_->adopt(std::move(reload.connection))) {
      server_->keep_when_idle(*connection);
      reloads_.emplace(*connection, std::move(reload.request_id));
    }
}

void ControlCommands::announce(const store::CatalogDecision& decision) {
  if (followers_.empty()) return;
  const std::string line = protocol::notification_line("decision", report_of(decision));
  for (const event::ConnectionId connection : followers_) send(connection, line);
}

void ControlCommands::shut_down() {
  for (const auto& [connection, call] : syncs_)
    send(connection, protocol::error_line(call.request_id, ErrorCode::shutting_down,
                                          "the service is stopping"));
  for (auto& [connection, call] : syncs_) context_.sync.remove(call.waiter);
  syncs_.clear();
  for (const auto& [connection, id] : reloads_)
    send(connection, protocol::error_line(id, ErrorCode::shutting_down, "the service is stopping"));
  reloads_.clear();
  followers_.clear();
}

void ControlCommands::on_closed(event::ConnectionId connection) {
  followers_.erase(connection);
  reloads_.erase(connection);
  end_sync(connection);
  context_.pool.drop(connection);
}

std::string ControlCommands::farewell(event::ClientFault fault) {
  const auto say = [](ErrorCode code, std::string_view message) {
    std::string line = protocol::error_line(Json(), code, message);
    if (line.ends_with('\n')) line.pop_back();
    return line;
  };
  switch (fault) {
    case event::ClientFault::too_many_clients:
      return say(ErrorCode::busy, "too many connections; try again");
    case event::ClientFault::line_too_long:
      return say(ErrorCode::invalid_request, "a request has 1 MiB at most");
    case event::ClientFault::line_too_slow:
      return say(ErrorCode::invalid_request, "the request did not end in time");
    case event::ClientFault::idle_too_long:
      return "";
  }
  return "";
}

}  // namespace imgdedup::daemon
